"""How logins behave: no open sign-up, refusals and mails that tell nothing."""

from __future__ import annotations

import logging
from typing import Any, ClassVar, cast

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils.crypto import constant_time_compare

from cases.access import own, told
from incidentdesk import factors, sessions, sso
from incidentdesk import known as known_browsers
from incidentdesk.kernel import callers, clocks, fresh
from incidentdesk.kernel.factors import has_one
from incidentdesk.kernel.models import User
from notifications import outbox

logger = logging.getLogger(__name__)
BEGUN = "login_begun"  # in the session: whose the first step was, and a digest of the password
PASSKEY = "mfa_reauthenticate:webauthn"
_WAYS = {PASSKEY: "Use a passkey", "mfa_reauthenticate": "Type a code"}


class DeskAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """People are added by an administrator, or invited; nobody signs up."""

    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": "This e-mail address and password do not fit together; "
        "try again, or set a new password.",
        "too_many_login_attempts": "Too many tries; wait five minutes and try again, "
        "set a new password, or log in where you did before.",
        "rate_limited": "Too many tries; wait a few minutes and try again.",
        "incorrect_password": "This is not your password; try again.",
        "enter_current_password": "This is not your present password; try again.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never."""
        return False

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        """Whoever was switched off is refused like somebody who never was here."""
        user: AbstractBaseUser | None = super().authenticate(request, **credentials)
        if user is None or not user.is_active:
            outcome = told.FAILURE if user is None else told.BARRED
            self._note(request, str(credentials.get("email") or ""), outcome)
            return None
        request.session[BEGUN] = (user.pk, user.get_session_auth_hash())
        return user

    def login(self, request: HttpRequest, user: AbstractBaseUser) -> None:
        """The last step. Who was switched off since, or has a new password, begins anew."""
        whose, begun = request.session.pop(BEGUN, (None, ""))
        is_as_then = whose != user.pk or constant_time_compare(begun, user.get_session_auth_hash())
        if not user.is_active or not is_as_then:
            self._note(request, user.get_username(), told.BARRED)
            request.session.flush()
            messages.info(request, "Your login was changed meanwhile; log in anew.")
            raise ImmediateHttpResponse(redirect(settings.LOGIN_URL))
        super().login(request, user)

    def post_login(self, request: HttpRequest, user: AbstractBaseUser, **known: Any) -> Any:
        """Whoever logged in is written down, for the rules over accesses."""
        self._note(request, user.get_username(), told.SUCCESS)
        sessions.begin(request)
        factors.note_login(request, cast(User, user))
        sociallogin = (known["signal_kwargs"] or {}).get("sociallogin")
        sso.note_login(request, cast(User, user), sociallogin)
        answer = super().post_login(request, user, **known)
        known_browsers.remember(answer, cast(User, user))
        return answer

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """By what wrong passwords are counted."""
        return known_browsers.counted_as(request, str(credentials.get("email") or ""))

    def is_reauthentication_required(self, *, app: str, **known: Any) -> bool:
        """Before something grave: whoever did not log in a moment ago confirms it."""
        return not fresh.is_fresh(self.request, at=clocks.now())

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """Whoever has a second factor confirms with that; the password alone does not do."""
        every: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        if user.is_authenticated and has_one(user):
            factors_of = [one for one in every if one["id"] != "reauthenticate"]
            for one in factors_of:
                one["description"] = _WAYS.get(one["id"], one["description"])
            return sorted(factors_of, key=lambda one: one["id"] != PASSKEY)
        return every or (sso.confirms(user) if user.is_authenticated else [])

    def _note(self, request: HttpRequest, email: str, outcome: str) -> None:
        address = callers.address(request)
        own.login(email=email, outcome=outcome, address=address, at=clocks.now())

    def get_client_ip(self, request: HttpRequest) -> str:
        """By which tries are counted; see `callers`."""
        return callers.address(request)

    def format_email_subject(self, subject: str) -> str:
        """The subject alone, without the name of the host that was asked."""
        return str(subject)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send a mail of the login pages, in a request or in a job.

        A mail server that is away is logged and not shown: the answer must not depend on whether
        the address has an account. The person tries again.
        """
        try:
            letter = self.render_mail(
                template_prefix,
                email,
                {**context, "email": email, "site_url": settings.SITE_URL},
                headers={"Message-ID": outbox.message_id(), "Auto-Submitted": "auto-generated"},
            )
            letter.send()
        except OSError as error:
            logger.error("the mail “%s” could not be sent: %s", template_prefix, error)
