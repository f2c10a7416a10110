"""Mails about requests: when one is asked, and reminders before and after its time.

A mail says that something waits, until when and where; what it is about stands in the portal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction

from cases import replies
from cases.models import Request
from incidentdesk.kernel import clocks
from incidentdesk.kernel.times import Times, clock
from notifications import outbox
from partners import directory, preferences

BEFORE = (timedelta(hours=24), timedelta(hours=2))
AFTER = tuple(timedelta(days=days) for days in (0, 1, 2, 3, 5, 7, 14, 21, 28))
FRESH = timedelta(days=1)  # a reminder that is older is not made up for


def asked(request: Request, said: str, *, at: datetime) -> None:
    """Tell the partner's contacts what has just changed, inside a use case."""
    key = f"request:{request.pk}:said:{at.isoformat()}"
    outbox.queue_many(_drafts(request, lambda due: f"{said} by {due}", key), at=at)


@transaction.atomic
def remind(*, at: datetime) -> int:
    """Remind of every open request whose next moment has come; answers how many mails.

    Before its time only as far as it was not set later than that; after it on some days. The key
    names the time, so that more time begins anew and nothing is said twice.
    """
    waiting = Request.objects.filter(
        state=Request.State.OPEN,
        due_at__lte=at + max(BEFORE),
        due_at__gte=at - max(AFTER) - FRESH,
    ).select_related("partner", "involvement__incident")
    drafts: list[outbox.Draft] = []
    for request in waiting.order_by("pk"):
        moment = _moment(request, at)
        if moment is not None:
            key = f"request:{request.pk}:{moment.isoformat()}"
            drafts += _drafts(request, partial(_words, request, at), key)
    return len(outbox.queue_many(drafts, at=at))


def _moment(request: Request, at: datetime) -> datetime | None:
    """The newest moment to remind that has come; None before the first, and long after one."""
    moments = [request.due_at - span for span in BEFORE]
    moments = [moment for moment in moments if moment > request.due_set_at]
    moments += [request.due_at + span for span in AFTER]
    newest = max((moment for moment in moments if moment <= at), default=None)
    return newest if newest is not None and at - newest < FRESH else None


def _words(request: Request, at: datetime, due: str) -> str:
    if request.due_at > at:
        return f"Your answer is due in {clocks.words(request.due_at - at)}, by {due}"
    if at - request.due_at < timedelta(hours=1):
        return f"Your answer was due at {due}"
    return f"Your answer is {clocks.words(at - request.due_at)} late; it was due at {due}"


def _drafts(request: Request, say: Callable[[str], str], key: str) -> Iterator[outbox.Draft]:
    """A mail to each; `say` gets the time in the zone of its reader."""
    for contact in directory.notice_contacts(request.partner_id):
        due = _told(request.due_at, preferences.zone_of(contact))
        yield outbox.Draft(
            kind="request",
            to=contact.email,
            about=request.involvement.incident.about,
            dedupe_key=f"{key}:{contact.pk}",
            reply_to=replies.address(replies.REQUEST, request.pk),
            context={
                "reference": request.reference,
                "title": say(due),
                "partner_name": request.partner.name,
                "url": f"/portal/requests/{request.reference}/",
            },
        )


def _told(moment: datetime, zone: str) -> str:
    there = moment.astimezone(Times(zone).tz)
    return f"{there:%-d %b %H:%M} {clock(there)}"
