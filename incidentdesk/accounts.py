"""How logins behave: no open sign-up, refusals that tell nothing, mail links of our own address."""

from __future__ import annotations

import logging
from typing import Any, ClassVar
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest

from incidentdesk.kernel import audit, clocks
from incidentdesk.kernel.access import Actor

logger = logging.getLogger(__name__)


class DeskAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """People are added by an administrator, or invited; nobody signs up."""

    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": "This e-mail address and password do not fit together; "
        "try again, or set a new password.",
        "too_many_login_attempts": "Too many tries; wait five minutes and try again, "
        "or set a new password.",
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
        return user if user is not None and user.is_active else None

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """A line in the audit trail, without what was typed: that may be a password. Tries are
        limited before they come here, so there are few lines."""
        super().authentication_failed(request, **credentials)
        somebody = Actor(name="Somebody")
        audit.record(by=somebody, at=clocks.now(), action=audit.FAILED_LOGIN, about="logins")

    def format_email_subject(self, subject: str) -> str:
        """The subject alone, without the name of the host that was asked."""
        return str(subject)

    def get_reset_password_from_key_url(self, key: str) -> str:
        """The link in the mail leads to SITE_URL, whatever host the request named."""
        path = urlsplit(super().get_reset_password_from_key_url(key)).path
        return f"{settings.SITE_URL}{path}"

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send a mail of the login pages.

        A mail server that is away is logged and not shown: the answer must not depend on whether
        the address has an account. The person tries again.
        """
        try:
            super().send_mail(template_prefix, email, {**context, "site_url": settings.SITE_URL})
        except OSError as error:
            logger.error("the mail “%s” could not be sent: %s", template_prefix, error)
