"""Whoever classifies is paged two, twelve and twenty hours after we became aware."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cases import classifying, evaluation, jobs, workflow
from cases.models import Entry, Incident, OwnSupervision, Regime
from notifications.models import Message
from tests.conftest import NOW

pytestmark = pytest.mark.django_db


def after(hours: float):
    return NOW + timedelta(hours=hours)


@pytest.fixture
def incident(declare, people) -> Incident:
    declare(title="Nobody is aware of it")
    made = declare(aware_at=NOW)
    workflow.take_command(incident_id=made.pk, by=people.actor("commander"), at=NOW)
    return Incident.objects.get(pk=made.pk)


def paged(hours: float) -> list[str]:
    """Who is paged to classify at that hour; asked twice, the second time for nothing."""
    before = set(Message.objects.values_list("pk", flat=True))
    classifying.chase(at=after(hours))
    assert classifying.chase(at=after(hours)) == 0
    rows = Message.objects.exclude(pk__in=before).filter(kind="page")
    return [row.to_address for row in rows.order_by("pk")]


COMMANDER = ["commander@desk.test"]


def test_the_commander_is_paged_while_it_is_undecided_for_us(incident, bound):
    bound(None, "DORA")
    hours = (1.9, 2, 11.9, 12, 20, 21, 40)
    assert [paged(hour) for hour in hours] == [[], COMMANDER, [], COMMANDER, COMMANDER, [], []]
    entries = Entry.objects.filter(incident=incident, kind="page", user_id=None)
    texts = list(entries.order_by("sequence").values_list("body", flat=True))
    assert texts[0] == (
        "Not classified under DORA 2 h after we became aware, for Our firm; "
        "Incident commander is paged."
    )
    assert len(texts) == 3


def test_it_counts_for_an_involved_partner_that_dora_binds(
    incident, bound, involve, helix, norrbank
):
    bound(helix, "DORA")
    bound(norrbank, "NIS2")
    involve(incident, norrbank)
    assert paged(2) == []
    involve(incident, helix)
    assert paged(12) == COMMANDER
    newest = Entry.objects.filter(incident=incident).latest("sequence")
    assert "for Helix Markets;" in newest.body


@pytest.mark.parametrize("name", ["classified_major_at", "classified_not_major_at"])
def test_what_is_decided_pages_nobody(incident, bound, put, name):
    bound(None, "DORA")
    put(incident, None, name, after(1))
    assert paged(2) == []
    put(incident, None, name, None)
    assert paged(12) == COMMANDER


def test_without_dora_nobody_is_paged(incident, bound):
    bound(None, "NIS2", "GDPR", "UK")
    assert [paged(hour) for hour in (2, 12, 20)] == [[], [], []]
    OwnSupervision.objects.update(regimes=["DORA"])
    Regime.objects.filter(code="DORA").update(is_on=False)
    assert paged(21) == []


def test_who_became_aware_late_is_paged_at_the_hours_that_are_left(declare, bound, people):
    bound(None, "DORA")
    made = declare()
    workflow.take_command(incident_id=made.pk, by=people.actor("commander"), at=NOW)
    evaluation.correct_time(
        incident_id=made.pk,
        name="aware_at",
        value=NOW,
        reason="The call.",
        by=people.actor("commander"),
        at=after(5),
    )
    assert paged(5) == COMMANDER
    assert paged(6) == []
    assert paged(12) == COMMANDER


def test_what_is_over_pages_nobody(incident, bound, people):
    bound(None, "DORA")
    workflow.dismiss(
        incident_id=incident.pk, reason="A test.", by=people.actor("commander"), at=after(1)
    )
    assert paged(2) == []


def test_a_drill_that_pages_nobody_pages_nobody(declare, bound, people):
    bound(None, "DORA")
    made = declare(aware_at=NOW, is_exercise=True)
    workflow.take_command(incident_id=made.pk, by=people.actor("commander"), at=NOW)
    assert paged(2) == []


@pytest.mark.django_db(transaction=True)
def test_the_worker_does_it(incident, bound, people):
    bound(None, "DORA")
    Incident.objects.filter(pk=incident.pk).update(classify_at=NOW)
    jobs.page_again()
    assert Message.objects.filter(kind="page", to_address=COMMANDER[0]).exists()
