"""Mails about requests: when one is asked, and reminders before and after its time.

A mail says that something waits, until when and where; what it is about stands in the portal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction

from cases import claiming, replies
from cases.models import Request
from incidentdesk.kernel import clocks
from incidentdesk.kernel.times import Times, clock
from notifications import outbox
from partners import directory, preferences


def asked(request: Request, said: str, *, at: datetime) -> None:
    """Tell the partner's contacts what has just changed, inside a use case."""
    key = f"request:{request.pk}:said:{at.isoformat()}"
    outbox.queue_many(_drafts(request, lambda due: f"{said} by {due}", key), at=at)


@transaction.atomic
def remind(*, at: datetime) -> int:
    """Remind of every open request that passed a stage of its time; answers how many mails.

    More time begins the reminders anew.
    """
    waiting = Request.objects.filter(state=Request.State.OPEN)
    drafts: list[outbox.Draft] = []
    rows = waiting.select_related("partner", "involvement__incident")
    for request, stage in claiming.stages(rows, lambda row: (row.due_set_at, row.due_at), at=at):
        key = f"request:{request.pk}:{stage.since.isoformat()}"
        drafts += _drafts(request, partial(_words, request, at), key)
    return len(outbox.queue_many(drafts, at=at))


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
