"""The second factor at the edge: how its secrets are kept, which codes count, who must set one up.

A session that proved a factor knows it (`PROVEN`), so that a page costs no query for it. Whoever
must have one and has proved none sees nothing but the page on which it is set up.
"""

from __future__ import annotations

import re
import secrets
from base64 import b32encode
from collections.abc import Callable
from typing import Any, ClassVar, cast

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from django import forms
from django.conf import settings
from django.contrib import auth, messages
from django.db import transaction
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from incidentdesk import passkeys
from incidentdesk.kernel import clocks, encrypted, factors
from incidentdesk.kernel.models import User

PROVEN, WANTED = "factor_proven", "wanted_before_factor"  # in the session
# What is open to somebody who has yet to set one up: doing so, leaving, and pages that are opened
# by a secret in their address, as a page at night is acknowledged.
OPEN = (
    "/accounts/factor/",
    "/accounts/login/",
    "/accounts/logout/",
    "/accounts/reauthenticate/",
    "/accounts/sso/",
    "/accounts/password/reset/",
    "/ack/",
    "/oncall/",
    "/reached/",
)
SET_UP_FIRST = "Set up a second factor first; nothing else is open to you until then."
LOG_IN_WITH_IT = "Log in again, with your second factor."


class DeskMFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Secrets lie encrypted; refusals are the desk's sentences."""

    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": "This code is wrong or was used already; wait for the next one and type "
        "that.",
        "cannot_generate_recovery_codes": "Set up an authenticator app or a passkey first.",
        "incorrect_passkey": "This passkey was not taken; try again, or use another way.",
    }

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """What a browser keeps a passkey under, wherever it was asked for."""
        return {"id": passkeys.host(), "name": str(settings.MFA_TOTP_ISSUER)}

    def get_public_key_credential_user_entity(self, user: Any) -> dict[str, Any]:
        """Whose it is; by no number that counts everybody."""
        known: dict[str, Any] = super().get_public_key_credential_user_entity(user)
        return {**known, "id": user.handle.bytes}

    def generate_authenticator_name(self, user: Any, type: Any) -> str:
        """What one is called if its owner calls it nothing."""
        count = Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return f"Passkey {count + 1}" if count else "Passkey"

    def encrypt(self, text: str) -> str:
        """As it lies in its column."""
        return encrypted.stored(text)

    def decrypt(self, encrypted_text: str) -> str:
        """As it was. What no key opens becomes a secret that nobody has: no code is right then."""
        meant = encrypted.meant(encrypted_text)
        if isinstance(meant, encrypted.Lost):
            return b32encode(secrets.token_bytes(40)).decode()
        return meant

    def get_totp_issuer(self) -> str:
        """What the app on the phone calls this desk, wherever it was asked for."""
        return str(settings.MFA_TOTP_ISSUER)

    def build_totp_svg(self, url: str) -> str:
        """A picture that stands in the page itself: those pages load none from elsewhere."""
        drawn: str = super().build_totp_svg(url)
        return re.sub(r"^<\?xml[^>]*\?>\s*", "", drawn)


class _OneUse:
    """A code opens once, whatever else is asked for with it."""

    authenticator: Authenticator

    @transaction.atomic
    def clean_code(self) -> str:
        """Right, and not taken before."""
        code: str = super().clean_code()  # type: ignore[misc]
        is_app = self.authenticator.type == Authenticator.Type.TOTP
        if is_app and not factors.claim(self.authenticator, at=clocks.now()):
            raise DeskMFAAdapter().validation_error("incorrect_code")
        return code


_CODE = {"autocomplete": "one-time-code", "autofocus": True}
_SIX = {**_CODE, "inputmode": "numeric"}


class LoginForm(_OneUse, AuthenticateForm):  # type: ignore[misc]
    """The second step of a login."""

    code = forms.CharField(
        label="Code",
        widget=forms.TextInput(attrs=_CODE),
        help_text="Six digits of your authenticator app, or one of your recovery codes.",
    )


class ConfirmForm(_OneUse, ReauthenticateForm):  # type: ignore[misc]
    """It is still they."""

    code = forms.CharField(
        label="Code",
        widget=forms.TextInput(attrs=_CODE),
        help_text="Six digits of your authenticator app; the next ones if you just used these.",
    )


class SetUpForm(ActivateTOTPForm):  # type: ignore[misc]
    """The app shows codes of this secret."""

    code = forms.CharField(
        label="Six digits that the app shows", widget=forms.TextInput(attrs=_SIX)
    )


class FactorMiddleware:
    """Leads whoever must have a second factor, and proved none here, to where it is set up."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request."""
        if request.path_info.startswith(OPEN) or not is_missing(request):
            return self.get_response(request)
        if factors.has_one(cast(User, request.user)):  # set up elsewhere after this login
            auth.logout(request)
            messages.info(request, LOG_IN_WITH_IT)
            return redirect(settings.LOGIN_URL)
        if request.method == "GET":
            request.session[WANTED] = request.get_full_path()
        messages.info(request, SET_UP_FIRST)
        return redirect(reverse("mfa_activate_totp"))


def is_missing(request: HttpRequest) -> bool:
    """Whether this browser's person must have a factor and proved none here."""
    if not settings.REQUIRE_MFA or settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return False
    user = request.user
    if not user.is_authenticated or request.session.get(PROVEN) == user.pk:
        return False
    return factors.is_required_of(user)


def note_login(request: HttpRequest, user: User) -> None:
    """A login that took a factor proved it."""
    records = get_authentication_records(request, user)
    if any(record["method"] == "mfa" for record in records):
        request.session[PROVEN] = user.pk
