"""Links with which a person sets a password: made here, mailed through the login pages' door.

A link is a secret: it is mailed or printed at once and stored nowhere, hence not in the outbox,
whose texts others may read. Whoever asks for one at the login pages is answered before anybody
looks whose the address is: a job does that and mails, so that the time of an answer tells nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from allauth.account.adapter import get_adapter
from allauth.account.forms import default_token_generator
from allauth.account.utils import filter_users_by_email
from django.conf import settings
from django.db import transaction
from django.urls import reverse

from incidentdesk.kernel import worker
from incidentdesk.kernel.models import LinkRequest, User

JOB = "incidentdesk.kernel.jobs.mail_links"
A_RUN = 50
KEPT = timedelta(minutes=15)  # nobody waits longer for such a mail: they ask again


def link(user: User) -> str:
    """The address under which `user` sets a password; it works once, and for `valid_days()`."""
    key = {"uidb36": user.handle.hex, "key": default_token_generator.make_token(user)}
    return f"{settings.SITE_URL}{reverse('account_reset_password_from_key', kwargs=key)}"


def whose(handle: str) -> User | None:
    """The person whom a link names, if there is one; whether it still works is another question."""
    try:
        return User.objects.filter(handle=UUID(hex=handle)).first()
    except ValueError:
        return None


def valid_days() -> int:
    """How long a link works."""
    return timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT).days


def mail_link(user: User) -> None:
    """Send `user` a link. Call it outside a transaction: it is network."""
    context = {"user": user, "link": link(user), "valid_days": valid_days()}
    get_adapter().send_mail("account/email/set_password", user.email, context)


def mail_changed_factor(user: User, words: str) -> None:
    """Tell `user` that their second factor changed: they may not have done it. Network, too."""
    get_adapter().send_mail("account/email/factor_changed", user.email, {"words": words})


@transaction.atomic
def ask_for_link(*, email: str, at: datetime) -> None:
    """Somebody typed this address. One row and a nudge, whoever has it."""
    LinkRequest.objects.create(email=email[:254], asked_at=at)
    worker.wake(JOB)


def mail_asked(*, at: datetime) -> int:
    """Mail a link to whoever was asked for and is there. Answers how many were asked for.

    Who asked is taken off the list first: a mail that fails is not tried again, they are.
    """
    asked = 0
    while batch := _taken():
        asked += len(batch)
        for email in dict.fromkeys(row.email for row in batch if row.asked_at > at - KEPT):
            for user in filter_users_by_email(email, is_active=True, prefer_verified=True):
                known = {"user": user, "password_reset_url": link(user)}
                get_adapter().send_mail("account/email/password_reset_key", user.email, known)
    return asked


@transaction.atomic
def _taken() -> Collection[LinkRequest]:
    rows = list(LinkRequest.objects.select_for_update(skip_locked=True).order_by("id")[:A_RUN])
    LinkRequest.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return rows
