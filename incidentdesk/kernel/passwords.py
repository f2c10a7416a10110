"""Links with which a person sets a password: made here, mailed through the login pages' door.

A link is a secret: it is mailed or printed at once and stored nowhere, hence not in the outbox,
whose texts others may read.
"""

from __future__ import annotations

from datetime import timedelta

from allauth.account.adapter import get_adapter
from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.urls import reverse

from incidentdesk.kernel.models import User


def link(user: User) -> str:
    """The address under which `user` sets a password; it works once, and for `valid_days()`."""
    key = {"uidb36": user_pk_to_url_str(user), "key": default_token_generator.make_token(user)}
    return f"{settings.SITE_URL}{reverse('account_reset_password_from_key', kwargs=key)}"


def valid_days() -> int:
    """How long a link works."""
    return timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT).days


def mail_link(user: User) -> None:
    """Send `user` a link. Call it inside a request and outside a transaction: it is network."""
    context = {"user": user, "link": link(user), "valid_days": valid_days()}
    get_adapter().send_mail("account/email/set_password", user.email, context)
