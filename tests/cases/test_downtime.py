"""Floors that time brings: once, by the desk itself, and one failing incident stops nobody."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cases import downtime, evaluation, jobs, workflow
from cases.models import (
    AffectedSystem,
    Category,
    Entry,
    Incident,
    SeverityFloor,
    System,
    Target,
)
from incidentdesk.kernel import clocks
from incidentdesk.kernel.errors import NotAllowed
from notifications import queries as post_office
from tests.cases.intake.test_pending import broken
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def down(declare, people):
    """`down()` is an incident whose critical system is fully down since NOW."""

    def make(
        *, since: datetime | None = NOW, is_critical=True, state="affected", name="ledger", **known
    ) -> Incident:
        incident = declare(**{"impact": 1, "scope": 1, "urgency": 1, **known})
        system, _ = System.objects.get_or_create(name=name, defaults={"is_critical": is_critical})
        AffectedSystem.objects.create(
            incident=incident,
            system=system,
            state=state,
            down_since=since,
            changed_at=NOW,
            changed_by=people["responder"],
            checked_by=people["approver"] if state == "restored" else None,
        )
        return incident

    return make


def stands(incident: Incident) -> tuple[int, list[str]]:
    row = Incident.objects.get(pk=incident.pk)
    return row.severity, row.floors


def last(incident: Incident) -> Entry:
    return Entry.objects.filter(incident=incident).latest("sequence")


def test_after_thirty_minutes_the_floor_stands_and_after_ninety_the_next(down):
    incident = down()
    assert downtime.add_due_floors(at=NOW + 29 * MINUTE) == 0
    assert stands(incident) == (4, [])
    assert downtime.add_due_floors(at=NOW + 30 * MINUTE) == 1
    assert stands(incident) == (2, ["down_30_min"])
    assert downtime.add_due_floors(at=NOW + 89 * MINUTE) == 0
    assert downtime.add_due_floors(at=NOW + 90 * MINUTE) == 1
    assert stands(incident) == (1, ["down_30_min", "downtime_2h"])


def test_it_stands_on_the_timeline_as_the_desk_s_doing(down):
    incident = down()
    downtime.add_due_floors(at=NOW + 30 * MINUTE)
    entry = last(incident)
    assert (entry.actor, entry.user_id, entry.kind) == ("The desk", None, "evaluation")
    assert entry.body == (
        "Fully down: ledger since 4 Mar 09:41 UTC. Floor by time: a critical service was fully "
        "down for over 30 minutes. SEV-2, from SEV-4."
    )


def test_deadlines_and_escalation_follow(down):
    incident = down()
    first = post_office.escalation(incident.about)
    at = NOW + 30 * MINUTE
    downtime.add_due_floors(at=at)
    second = post_office.escalation(incident.about)
    first.refresh_from_db()
    assert (first.state, second.state, second.severity, second.started_at) == (
        "stopped",
        "running",
        2,
        at,
    )
    targets = Target.objects.filter(severity=2, anchor="detected_at")
    assert dict(incident.deadlines.values_list("kind", "due_at")) == {
        target.kind: clocks.add(NOW, target.amount, target.counting) for target in targets
    }


def test_who_looks_at_it_already_does_not_keep_the_new_path_from_beginning(down, people):
    incident = down()
    workflow.acknowledge(incident_id=incident.pk, by=people.actor("responder"), at=NOW)
    downtime.add_due_floors(at=NOW + 30 * MINUTE)
    ladder = post_office.escalation(incident.about)
    assert (ladder.state, ladder.severity, ladder.started_at) == ("running", 2, NOW + 30 * MINUTE)


def test_a_second_run_changes_nothing(down):
    incident = down()
    at = NOW + 30 * MINUTE
    downtime.add_due_floors(at=at)
    entries = Entry.objects.count()
    assert downtime.add_due_floors(at=at) == 0
    assert downtime.add_due_floors(at=at + MINUTE) == 0
    assert (stands(incident), Entry.objects.count()) == ((2, ["down_30_min"]), entries)


@pytest.mark.parametrize(
    "how",
    [
        {"since": None},
        {"is_critical": False},
        {"state": "isolated"},
        {"state": "restored"},
    ],
)
def test_what_is_not_critical_not_fully_down_or_not_down_any_more_brings_nothing(how, down):
    incident = down(**how)
    assert downtime.add_due_floors(at=NOW + 200 * MINUTE) == 0
    assert stands(incident) == (4, [])


def test_an_incident_that_is_over_is_left_alone(down, people):
    incident = down()
    by = people.actor("commander")
    workflow.dismiss(incident_id=incident.pk, reason="A test.", by=by, at=NOW)
    assert downtime.add_due_floors(at=NOW + 200 * MINUTE) == 0
    assert stands(incident) == (4, [])


def test_a_worse_severity_stays_and_the_floor_is_remembered(down):
    incident = down(impact=4, scope=4, urgency=3)
    assert downtime.add_due_floors(at=NOW + 30 * MINUTE) == 1
    assert stands(incident) == (1, ["down_30_min"])
    assert last(incident).body.endswith("It stays SEV-1.")


def test_a_milder_severity_by_hand_gives_way_and_a_worse_one_does_not(down, people):
    mild, dire = down(), down(name="risk")
    by = people.actor("commander")
    for incident, severity in ((mild, 3), (dire, 1)):
        evaluation.override_severity(
            incident_id=incident.pk, severity=severity, reason="By eye.", by=by, at=NOW
        )
    downtime.add_due_floors(at=NOW + 30 * MINUTE)
    found = {
        pk: (s, o)
        for pk, s, o in Incident.objects.values_list("pk", "severity", "severity_override")
    }
    assert found == {mild.pk: (2, None), dire.pk: (1, 1)}


def test_a_responder_does_not_take_it_away_again(down, people):
    incident = down()
    downtime.add_due_floors(at=NOW + 30 * MINUTE)
    found = evaluation.Evaluation(Category.objects.get(key="outage").pk, 1, 1, 1)
    with pytest.raises(NotAllowed, match="may not command an incident"):
        evaluation.evaluate(
            incident_id=incident.pk,
            found=found,
            by=people.actor("responder"),
            at=NOW + 31 * MINUTE,
        )
    assert stands(incident) == (2, ["down_30_min"])


def test_a_floor_that_is_switched_off_or_has_another_time_is_heeded(down):
    incident = down()
    SeverityFloor.objects.filter(key="down_30_min").update(after_minutes=10)
    SeverityFloor.objects.filter(key="downtime_2h").update(is_active=False)
    assert downtime.add_due_floors(at=NOW + 10 * MINUTE) == 1
    assert downtime.add_due_floors(at=NOW + 300 * MINUTE) == 0
    assert stands(incident) == (2, ["down_30_min"])


@pytest.mark.django_db(transaction=True)
def test_one_that_fails_does_not_stop_those_behind_it(down, caplog):
    cursed, sound = down(), down(name="risk")
    with broken("cases_entry", when=f"NEW.incident_id = {cursed.pk}"):
        assert downtime.add_due_floors(at=NOW + 30 * MINUTE) == 1
    assert (stands(cursed), stands(sound)) == ((4, []), (2, ["down_30_min"]))
    assert f"the floors of incident {cursed.pk} could not be added" in caplog.text
    assert downtime.add_due_floors(at=NOW + 31 * MINUTE) == 1
    assert stands(cursed) == (2, ["down_30_min"])


def test_what_is_known_already_costs_two_statements(down):
    for number in range(5):
        down(name=f"system {number}")
    at = NOW + 30 * MINUTE
    downtime.add_due_floors(at=at)
    with CaptureQueriesContext(connection) as captured:
        downtime.add_due_floors(at=at)
    assert len(captured) == 2


def test_it_runs_every_minute(down, monkeypatch):
    incident = down()
    job = settings.CELERY_BEAT_SCHEDULE["add-due-floors"]
    assert (job["task"], job["schedule"]) == ("cases.jobs.add_due_floors", 60.0)
    monkeypatch.setattr(clocks, "database_now", lambda: NOW + 30 * MINUTE)
    jobs.add_due_floors()
    assert stands(incident) == (2, ["down_30_min"])
