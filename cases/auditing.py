"""What the auditor looks at here: incidents that nobody would be paged about, deliveries that wait.

Each check answers faults in sentences, with what mends them. No sentence names a restricted
incident: pages carry it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from cases import moving, paths, sight, timeline
from cases.models import Entry, Event, Incident
from incidentdesk.kernel import clocks, findings
from incidentdesk.kernel.access import SYSTEM
from incidentdesk.kernel.findings import Fault
from notifications.models import Escalation

WAITS = timedelta(minutes=5)  # how long an accepted delivery may wait for its outcome
MOST = 100  # incidents that are mended in a round


def unattended(*, at: datetime, since: datetime) -> Iterator[Fault]:
    """Open incidents that nobody acknowledged and of which nobody would ever be paged."""
    for incident in _unattended().select_related("category").order_by("id")[:MOST]:
        facts = moving.escalation_facts(incident)
        yield Fault(
            "no page due",
            f"{facts['reference']} (SEV-{incident.severity}) is open, nobody has acknowledged it, "
            "and nobody would have been paged.",
            about=incident.about,
            mend=partial(begin_again, incident_id=incident.pk, at=at),
        )


def _unattended() -> QuerySet[Incident]:
    """Those without a ladder that runs, or that pages nobody on purpose; SEV-4 has one, too: its
    first step comes when its time to acknowledge is over. Drills that page nobody are none of
    them."""
    ladder = Escalation.objects.filter(about=OuterRef("known_as"), state__in=Escalation.LIVE)
    silent = Q(is_exercise=True, exercise_pages=False)
    waiting = Incident.objects.open().filter(~silent, acknowledged_at=None)
    return waiting.alias(known_as=sight.named("incident")).filter(~Exists(ladder))


@transaction.atomic
def begin_again(*, incident_id: int, at: datetime) -> str:
    """The ladder of an incident that lost its own begins; the timeline says so. In words."""
    locked = Incident.objects.select_for_update(of=("self",), no_key=True)
    if not locked.filter(pk=incident_id).exists() or not _unattended().filter(pk=incident_id):
        return "It was seen to meanwhile."
    incident = Incident.objects.select_related("category").get(pk=incident_id)
    moving.escalate(incident, hit=paths.hit(incident), at=at)
    text = "Nobody would have been paged about it; the desk's auditor began to page."
    timeline.record(incident, Entry.Kind.PAGE, text, by=SYSTEM, at=at)
    return "Its ladder was begun."


def waiting_events(*, at: datetime, since: datetime) -> Iterator[Fault]:
    """Deliveries that were accepted and have no outcome yet, for longer than `WAITS`."""
    old = Event.objects.filter(outcome=Event.Outcome.PENDING, received_at__lt=at - WAITS)
    rows = list(old.order_by("id").values_list("received_at", "source__name")[:MOST])
    if not rows or at - since < WAITS:
        return
    number = findings.number(rows, "delivery", "deliveries", most=MOST)
    names = ", ".join(sorted({name for _, name in rows}))
    waited = clocks.words(at - min(received for received, _ in rows))
    yield Fault(
        "waiting deliveries",
        f"Still to be opened: {number} of {names}; the oldest came {waited} ago.",
        mend=findings.waking("The worker was woken.", {"cases.jobs.open_pending": "default"}),
    )


CHECKS = (unattended, waiting_events)
