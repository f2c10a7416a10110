"""The four promises that hold whatever dies, as one question; every test of a fault asks it.

No accepted event without an outcome; no open, unacknowledged incident without an attempt to page
within its limit; no message more often than was said; every timeline whole. It reads the rows by
itself, and asks nothing of the auditor, which is under test too.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from email.message import EmailMessage

from django.db.models import Q

from cases import verification
from cases.models import Event, Incident
from incidentdesk.kernel import clocks, snapshot
from notifications.models import Escalation, Message

WAITS = timedelta(minutes=5)  # of an accepted event for its outcome
LATE = timedelta(seconds=60)  # of a step, and of the first try of a page
# Not tried, and rightly so.
ON_PURPOSE = (Message.State.HELD, Message.State.SUPPRESSED, Message.State.SUPERSEDED)


def broken(
    *,
    at: datetime | None = None,
    sent: Sequence[EmailMessage] = (),
    repeats: int = 0,
    late: timedelta = LATE,
) -> list[str]:
    """The promises that do not hold at this moment, in sentences; by the database's clock."""
    at = at or clocks.database_now()
    return [
        *_without_outcome(at),
        *_without_attempt(at, late),
        *too_often(sent, repeats),
        *verification.faults(),
    ]


def too_often(sent: Sequence[EmailMessage], repeats: int) -> Iterator[str]:
    """Messages that arrived more than once and `repeats` times again."""
    for name, times in Counter(str(one["Message-ID"]) for one in sent).items():
        if times > 1 + repeats:
            yield f"{name} arrived {times} times"


def _without_outcome(at: datetime) -> Iterator[str]:
    waits = Q(outcome=Event.Outcome.PENDING, received_at__lt=at - WAITS)
    mute = Q(outcome=Event.Outcome.DONE, said="")
    for event in Event.objects.filter(waits | mute):
        yield f"event {event.pk} of {event.received_at} has no outcome"


def _without_attempt(at: datetime, late: timedelta) -> Iterator[str]:
    for incident in Incident.objects.open().filter(acknowledged_at=None, is_exercise=False):
        ladder = Escalation.objects.filter(about=incident.about).order_by("-id").first()
        if ladder is None or ladder.state == Escalation.State.STOPPED:
            yield f"{incident.reference} pages nobody"
        elif ladder.next_action_at is not None and ladder.next_action_at < at - late:
            yield f"{incident.reference} has been due since {ladder.next_action_at}"
    untried = Message.objects.filter(is_page=True, attempts=0, created_at__lt=at - late)
    for page in untried.exclude(state__in=ON_PURPOSE):
        yield f"page {page.pk} of {page.created_at} was never tried"


def tell() -> None:
    """Print them as JSON; for a desk in another process."""
    with snapshot.one_moment():
        print(json.dumps(broken()))
