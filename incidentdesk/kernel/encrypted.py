"""Text that lies encrypted in its column: what the desk has to use again, such as a chat's address.

Fernet (AES-128-CBC and HMAC-SHA-256), by keys made of SECRET_KEY and of SECRET_KEY_FALLBACKS; the
first one writes. What none of them opens reads as empty: it is as good as lost.
"""

from __future__ import annotations

import base64
import logging
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models
from django.utils.crypto import salted_hmac

_SALT = "incidentdesk.kernel.encrypted"
logger = logging.getLogger(__name__)


class EncryptedText(models.TextField):  # type: ignore[type-arg]
    """A column whose text only this desk reads. It cannot be searched; empty stays empty."""

    def get_prep_value(self, value: Any) -> str:
        """What is stored."""
        return _box().encrypt(str(value).encode()).decode() if value else ""

    def from_db_value(self, value: str | None, *_: Any) -> str:
        """What was meant."""
        if not value:
            return ""
        try:
            return _box().decrypt(value).decode()
        except InvalidToken:
            logger.error("a column was encrypted with a SECRET_KEY that is known no more")
            return ""


def _box() -> MultiFernet:
    return _made((settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))


@lru_cache(maxsize=4)
def _made(secrets: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(_key(secret)) for secret in secrets])


def _key(secret: str) -> bytes:
    """A key of its own: whoever learns it cannot sign links."""
    made = salted_hmac(_SALT, "", secret=secret, algorithm="sha256")
    return base64.urlsafe_b64encode(made.digest())
