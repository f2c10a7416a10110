"""Clocks of incidents: what each severity sets, and that what was met stays as it was met."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cases import deadlines, evaluation, response, workflow
from cases.evaluation import Evaluation
from cases.models import Category, Incident, Target
from tests.conftest import NOW

pytestmark = pytest.mark.django_db

# The framework's target times, of those that the desk counts: kind → (from, how long).
DETECTED, CONFIRMED, RECOVERED = "detected_at", "confirmed_at", "recovered_at"
TARGETS = {
    1: {
        "acknowledge": (DETECTED, "5 min"),
        "evaluate": (DETECTED, "10 min"),
        "first_notice": (CONFIRMED, "30 min"),
        "contain": (DETECTED, "60 min"),
        "recover": (DETECTED, "2 h"),
        "review": (RECOVERED, "3 calendar days"),
        "root_cause_report": (RECOVERED, "10 business days"),
    },
    2: {
        "acknowledge": (DETECTED, "15 min"),
        "evaluate": (DETECTED, "20 min"),
        "first_notice": (CONFIRMED, "60 min"),
        "contain": (DETECTED, "2 h"),
        "recover": (DETECTED, "4 h"),
        "review": (RECOVERED, "5 business days"),
        "root_cause_report": (RECOVERED, "15 business days"),
    },
    3: {
        "acknowledge": (DETECTED, "60 min"),
        "evaluate": (DETECTED, "2 h"),
        "first_notice": (CONFIRMED, "4 h"),
        "contain": (DETECTED, "1 business day"),
        "recover": (DETECTED, "2 business days"),
        "review": (RECOVERED, "10 business days"),
    },
    4: {
        "acknowledge": (DETECTED, "1 business day"),
        "evaluate": (DETECTED, "2 business days"),
        "recover": (DETECTED, "10 business days"),
    },
}
# What NOW, a Wednesday at 09:41, plus each of them is.
DUE = {
    "5 min": "2026-03-04 09:46",
    "10 min": "2026-03-04 09:51",
    "15 min": "2026-03-04 09:56",
    "20 min": "2026-03-04 10:01",
    "30 min": "2026-03-04 10:11",
    "60 min": "2026-03-04 10:41",
    "2 h": "2026-03-04 11:41",
    "4 h": "2026-03-04 13:41",
    "1 business day": "2026-03-05 09:41",
    "2 business days": "2026-03-06 09:41",
    "5 business days": "2026-03-11 09:41",
    "10 business days": "2026-03-18 09:41",
    "15 business days": "2026-03-25 09:41",
    "3 calendar days": "2026-03-07 09:41",
}
AXES = {1: (4, 4, 3), 2: (3, 2, 2), 3: (2, 2, 2), 4: (1, 1, 1)}  # impact, scope, urgency


def due(incident: Incident, **only) -> dict[str, str]:
    """Kind → when it is due, of the deadlines that run (or those asked for)."""
    rows = incident.deadlines.filter(**(only or {"met_at": None, "is_dropped": False}))
    return {row.kind: f"{row.due_at.astimezone(UTC):%Y-%m-%d %H:%M}" for row in rows}


def wanted(severity: int, *anchors: str) -> dict[str, str]:
    return {
        kind: DUE[span] for kind, (anchor, span) in TARGETS[severity].items() if anchor in anchors
    }


@pytest.fixture
def evaluate(people):
    """`evaluate(incident, 2)`: SEV-2, confirmed at NOW unless said otherwise."""

    def call(incident: Incident, severity: int, *, is_confirmed: bool = True, at=NOW) -> Incident:
        impact, scope, urgency = AXES[severity]
        found = Evaluation(
            category_id=Category.objects.get(key="outage").pk,
            impact=impact,
            scope=scope,
            urgency=urgency,
            is_confirmed=is_confirmed,
            reason="It looks different now.",
        )
        by = people.actor("commander")
        return evaluation.evaluate(incident_id=incident.pk, found=found, by=by, at=at)

    return call


@pytest.fixture
def opened(declare):
    """`opened(2)`: an incident that opened as SEV-2 at NOW."""

    def call(severity: int, **known) -> Incident:
        axes = dict(zip(("impact", "scope", "urgency"), AXES[severity], strict=True))
        incident = declare(**axes, **known)
        assert incident.severity == severity
        return incident

    return call


def test_the_shipped_targets_are_the_framework_s():
    words = {"minutes": "min", "business_days": "business", "calendar_days": "calendar"}

    def said(target: Target) -> str:
        if target.counting != "minutes":
            days = "day" if target.amount == 1 else "days"
            return f"{target.amount} {words[target.counting]} {days}"
        return f"{target.amount} min" if target.amount <= 60 else f"{target.amount // 60} h"

    found: dict[int, dict[str, tuple[str, str]]] = {}
    for target in Target.objects.all():
        found.setdefault(target.severity, {})[target.kind] = (target.anchor, said(target))
    assert found == TARGETS


@pytest.mark.parametrize("severity", TARGETS)
def test_opening_starts_the_clocks_that_count_from_detection(opened, severity):
    assert due(opened(severity)) == wanted(severity, DETECTED)


@pytest.mark.parametrize("severity", TARGETS)
def test_confirmation_and_recovery_start_theirs(opened, evaluate, people, severity):
    incident = opened(severity)
    evaluate(incident, severity)
    assert due(incident) == wanted(severity, DETECTED, CONFIRMED)
    response.record_recovery(
        incident_id=incident.pk, recovered_at=NOW, by=people.actor("responder"), at=NOW
    )
    assert due(incident, kind="recover", met_at=NOW) == {
        "recover": due(incident, kind="recover")["recover"]
    }
    left = wanted(severity, DETECTED, CONFIRMED, RECOVERED)
    del left["recover"]
    left.pop("root_cause_report", None)  # no partner is involved
    assert due(incident) == left


def test_a_clock_counts_from_the_time_of_detection_and_not_from_the_opening(opened):
    incident = opened(1, detected_at=NOW - timedelta(minutes=20))
    assert due(incident)["acknowledge"] == "2026-03-04 09:26"


@pytest.mark.parametrize("is_confirmed", [False, True])
@pytest.mark.parametrize(("before", "after"), [(1, 4), (4, 1), (2, 3), (3, 2), (3, 4), (4, 3)])
def test_another_severity_moves_every_clock_that_runs(
    opened, evaluate, before, after, is_confirmed
):
    incident = opened(before)
    evaluate(incident, before, is_confirmed=is_confirmed)
    evaluate(incident, after, is_confirmed=is_confirmed)
    anchors = (DETECTED, CONFIRMED) if is_confirmed else (DETECTED,)
    assert due(incident) == wanted(after, *anchors)


@pytest.mark.parametrize("is_confirmed", [False, True])
def test_a_clock_that_went_away_with_a_milder_severity_comes_back(opened, evaluate, is_confirmed):
    incident = opened(2)
    for severity in (2, 4, 2):
        evaluate(incident, severity, is_confirmed=is_confirmed)
    anchors = (DETECTED, CONFIRMED) if is_confirmed else (DETECTED,)
    assert due(incident) == wanted(2, *anchors)


@pytest.mark.parametrize("is_confirmed", [False, True])
def test_what_was_met_stays_as_it_was_met(opened, evaluate, people, is_confirmed):
    incident = opened(3)
    at = NOW + timedelta(minutes=30)
    workflow.acknowledge(incident_id=incident.pk, by=people.actor("responder"), at=at)
    evaluate(incident, 1, is_confirmed=is_confirmed, at=at)
    met = incident.deadlines.get(kind="acknowledge")
    assert (met.met_at, met.due_at, met.is_late) == (at, NOW + timedelta(minutes=60), False)
    assert due(incident)["evaluate"] == DUE["10 min"]


def test_a_clock_is_met_once_and_late_is_remembered(opened, people):
    incident = opened(1)
    late = NOW + timedelta(minutes=6)
    deadlines.meet(incident, "acknowledge", at=late)
    deadlines.meet(incident, "acknowledge", at=NOW)
    met = incident.deadlines.get(kind="acknowledge")
    assert (met.met_at, met.is_late) == (late, True)
    assert not incident.deadlines.get(kind="contain").is_late


def test_a_signed_statement_ends_the_clock_of_the_first_notice_for_good(opened, evaluate, people):
    incident = opened(2)
    evaluate(incident, 2)
    step = {"incident_id": incident.pk, "by": people.actor("commander"), "at": NOW}
    response.sign(**step, key="no_partners", text="Internal tool.")
    without = wanted(2, DETECTED, CONFIRMED)
    del without["first_notice"]
    assert due(incident) == without
    for severity in (1, 4, 2):
        evaluate(incident, severity)
    assert due(incident) == without
    workflow.dismiss(**step, reason="A test.")
    workflow.reopen(**step, reason="It was none.")
    assert due(incident) == without


def test_the_end_of_an_incident_ends_its_clocks_and_reopening_starts_them(opened, evaluate, people):
    incident = opened(2)
    evaluate(incident, 2)
    step = {"incident_id": incident.pk, "by": people.actor("commander"), "at": NOW}
    workflow.dismiss(**step, reason="A test.")
    assert due(incident) == {}
    workflow.reopen(**step, reason="It was none.")
    assert due(incident) == wanted(2, DETECTED, CONFIRMED)


def test_the_walk_meets_every_clock_on_its_way(incident_in):
    incident = incident_in("review")
    facts = {"facts_initial", "facts_interim", "facts_final"}  # nobody handed them over
    assert set(due(incident)) == {"review", "root_cause_report", *facts}
    five_business_days = incident.recovered_at + timedelta(days=7)  # it is still that Wednesday
    assert incident.deadlines.get(kind="review").due_at == five_business_days
    met = incident.deadlines.filter(met_at__isnull=False)
    assert {row.kind for row in met} == {
        "acknowledge",
        "evaluate",
        "first_notice",
        "contain",
        "recover",
        "partner_notice",
    }


def test_one_incident_s_clocks_leave_another_s_alone(opened, evaluate, people):
    first, second = opened(2), opened(2)
    evaluate(first, 1)
    workflow.dismiss(incident_id=first.pk, reason="A test.", by=people.actor("commander"), at=NOW)
    assert due(second) == wanted(2, DETECTED)


def test_targets_that_an_administrator_changed_hold_for_what_opens_afterwards(opened, evaluate):
    before = opened(2)
    Target.objects.filter(severity=2, kind="acknowledge").update(amount=7)
    after = opened(2)
    assert due(before)["acknowledge"] == DUE["15 min"]
    assert due(after)["acknowledge"] == "2026-03-04 09:48"
    assert after.deadlines.get(kind="acknowledge").due_at == datetime(2026, 3, 4, 9, 48, tzinfo=UTC)
