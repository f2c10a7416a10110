"""What the auditor finds among incidents and deliveries, and how it mends it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from cases import auditing, workflow
from cases.models import Event, Incident, Source
from incidentdesk.kernel.findings import Fault
from notifications import outbox
from notifications.models import Escalation
from tests.conftest import NOW, People

pytestmark = pytest.mark.django_db
Declare = Callable[..., Incident]
LONG_AGO = NOW - timedelta(days=1)


def found(at: datetime = NOW, since: datetime = LONG_AGO) -> list[Fault]:
    """All faults at this moment."""
    return [fault for check in auditing.CHECKS for fault in check(at=at, since=since)]


def test_an_open_incident_without_a_ladder_is_found_and_its_ladder_begins(
    declare: Declare,
) -> None:
    kept, lost = declare(), declare(title="Orders rejected")
    assert found() == []
    Escalation.objects.filter(about=lost.about).delete()
    [fault] = found()
    words = (
        f"{lost.reference} (SEV-{lost.severity}) is open, nobody has acknowledged it, and nobody "
        "would have been paged."
    )
    assert (fault.kind, fault.about, fault.words) == ("no page due", lost.about, words)
    assert fault.mend is not None
    assert fault.mend() == "Its ladder was begun."
    assert found() == []
    assert set(Escalation.objects.values_list("about", "state")) == {
        (kept.about, "running"),
        (lost.about, "running"),
    }
    entry = lost.entries.order_by("sequence").last()
    assert entry is not None
    assert (entry.kind, entry.actor) == ("page", "The desk")
    assert fault.mend() == "It was seen to meanwhile."
    assert lost.entries.count() == entry.sequence


def test_what_pages_nobody_on_purpose_is_not_found(declare: Declare, people: People) -> None:
    taken, dismissed = declare(), declare()
    workflow.acknowledge(incident_id=taken.pk, by=people.actor("responder"), at=NOW)
    workflow.dismiss(
        incident_id=dismissed.pk,
        reason="A test.",
        by=people.actor("commander"),
        at=NOW,
    )
    declare(is_exercise=True)
    with outbox.quiet():
        declare(title="Long ago")
    assert found() == []


def test_a_restricted_incident_is_not_named(declare: Declare) -> None:
    incident = declare(is_restricted=True)
    Escalation.objects.all().delete()
    [fault] = found()
    assert fault.words.startswith("Restricted (SEV-")
    assert incident.reference not in fault.words
    assert incident.title not in fault.words


def test_a_delivery_that_waits_for_five_minutes_is_found_and_the_worker_woken(
    source: Source,
) -> None:
    known = {"source": source, "body": "{}"}
    Event.objects.create(received_at=NOW, outcome="pending", **known)
    Event.objects.create(received_at=NOW, outcome="refused", **known)
    Event.objects.create(received_at=NOW + timedelta(minutes=4), outcome="pending", **known)
    assert found(NOW + timedelta(minutes=5)) == []
    late = NOW + timedelta(minutes=6)
    [fault] = found(late)
    assert (fault.kind, fault.words) == (
        "waiting deliveries",
        "Still to be opened: 1 delivery of prod-eu; the oldest came 6 min ago.",
    )
    assert fault.mend is not None
    assert fault.mend() == "The worker was woken."
    assert found(late, since=late - timedelta(minutes=4)) == []
