"""Text that lies encrypted in its column: what the desk has to use again, such as a chat's address
or what signs a webhook.

Fernet (AES-128-CBC and HMAC-SHA-256), by keys made of SECRET_KEY and of SECRET_KEY_FALLBACKS; the
first one writes. What none of them opens reads as empty and stays in its column: with the key that
wrote it among SECRET_KEY_FALLBACKS it can be read again.
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


class Lost(str):
    """Empty, for none of the keys opens it. A row that is saved keeps it as it is stored: with its
    former key it can be read again."""

    stored: str


class EncryptedText(models.TextField):  # type: ignore[type-arg]
    """A column whose text only this desk reads. It cannot be searched; empty stays empty."""

    def get_prep_value(self, value: Any) -> str:
        """What is stored."""
        if isinstance(value, Lost):
            return value.stored
        return stored(str(value)) if value else ""

    def from_db_value(self, value: str | None, *_: Any) -> str:
        """What was meant."""
        return meant(value) if value else ""


def stored(text: str) -> str:
    """The text as it is stored."""
    return _box(keys(_SALT)).encrypt(text.encode()).decode()


def meant(text: str) -> str:
    """What was stored; `Lost` if no key of this desk opens it."""
    try:
        return _box(keys(_SALT)).decrypt(text).decode()
    except InvalidToken:
        logger.error("a column was encrypted with a SECRET_KEY that is known no more")
        lost = Lost()
        lost.stored = text
        return lost


def keys(salt: str) -> tuple[bytes, ...]:
    """32 bytes of SECRET_KEY and of each former one, the present first, for one use alone: whoever
    learns them cannot sign links."""
    return _made(salt, (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))


@lru_cache(maxsize=8)
def _made(salt: str, secrets: tuple[str, ...]) -> tuple[bytes, ...]:
    return tuple(salted_hmac(salt, "", secret=one, algorithm="sha256").digest() for one in secrets)


@lru_cache(maxsize=4)
def _box(made: tuple[bytes, ...]) -> MultiFernet:
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in made])
