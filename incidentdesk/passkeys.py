"""Passkeys as a second factor: what the library's forms take, and from which page alone.

The name under which a browser keeps a passkey is the host of SITE_URL, never of what was asked, and
an answer counts only from a page of SITE_URL itself: not from another port, scheme or subdomain.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    EditWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError

NAME = 60  # letters, at most


def host() -> str:
    """What browsers keep the desk's passkeys under."""
    return str(urlsplit(settings.SITE_URL).hostname)


def origin() -> str:
    """SITE_URL as a browser says it: lower case, without a usual port and without a path."""
    parts = urlsplit(settings.SITE_URL)
    is_usual = parts.port in (None, {"http": 80, "https": 443}.get(parts.scheme))
    return f"{parts.scheme}://{host()}" + ("" if is_usual else f":{parts.port}")


def _taken(credential: Any, take: Callable[[], Any]) -> Any:
    """What the library makes of a browser's answer; whatever is wrong with that is one refusal."""
    try:
        data = credential["response"]["clientDataJSON"]
        said = json.loads(urlsafe_b64decode(f"{data}{'=' * (-len(data) % 4)}"))
        if said["origin"] == origin():
            return take()
    except ValidationError:
        raise
    except Exception as error:
        raise get_adapter().validation_error("incorrect_passkey") from error
    raise get_adapter().validation_error("incorrect_passkey")


class AddForm(AddWebAuthnForm):  # type: ignore[misc]
    """A new one, with what its owner calls it."""

    name = forms.CharField(
        label="What you call it",
        required=False,
        max_length=NAME,
        help_text="So that you know it again: “YubiKey at home”, “this laptop”.",
    )

    def clean(self) -> dict[str, Any]:
        """As the browser made it, here."""
        known: dict[str, Any] = self.cleaned_data
        if not known.get("credential"):
            return known
        cleaned: dict[str, Any] = _taken(known["credential"], super().clean)
        return cleaned


class NameForm(EditWebAuthnForm):  # type: ignore[misc]
    """Another name for one."""

    name = forms.CharField(label="What you call it", max_length=NAME)


class LoginForm(AuthenticateWebAuthnForm):  # type: ignore[misc]
    """The second step of a login."""

    def clean_credential(self) -> Authenticator:
        """Whose passkey answered."""
        return _taken(self.cleaned_data["credential"], super().clean_credential)


class ConfirmForm(ReauthenticateWebAuthnForm):  # type: ignore[misc]
    """It is still they."""

    def clean_credential(self) -> Authenticator:
        """Whose passkey answered."""
        return _taken(self.cleaned_data["credential"], super().clean_credential)
