"""Somebody is forgotten: how they were reached goes, and where to what went to them."""

from __future__ import annotations

from datetime import datetime

from django.db import connection
from django.db.models import Q, QuerySet

from incidentdesk.kernel.models import User
from notifications import outbox
from notifications.models import ContactMethod, Message

_State = Message.State


def forget(user: User, *, gone: str, at: datetime) -> None:
    """No way to this person is left; `gone` stands where their address stood.

    Part of a use case that asks for the right and records what it did; see settings.FORGETS.
    """
    theirs = Message.objects.filter(
        Q(to_user=user) | Q(to_address__iexact=user.email) | Q(method__user=user)
    )
    waiting = Message.objects.filter(to_user=user, state__in=(_State.QUEUED, _State.HELD))
    outbox.end(waiting, _State.SUPPRESSED, "Its person was forgotten before this was sent.", at=at)
    unname(theirs, gone=gone)
    ways = ContactMethod.objects.filter(user=user)
    ways.filter(removed_at=None).update(removed_at=at, address="", secret="")
    ways.update(label="forgotten", shown="", code_digest="", bad_because="")


def unname(messages: QuerySet[Message], *, gone: str) -> None:
    """`gone` stands where their address stood, also in what servers answered; not in what waits."""
    ids = list(messages.exclude(state__in=Message.WAITS).values_list("pk", flat=True))
    with connection.cursor() as cursor:  # the log is only added to, but for this
        cursor.execute("SELECT notifications_unname(%s, %s)", [ids, gone])
    Message.objects.filter(pk__in=ids).update(to_address=gone, last_error="")
