"""What would follow is told before it is saved, exactly as it then happens, and changes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from cases import consequences, evaluation, response, workflow
from cases.models import Category, Incident
from notifications import queries as post_office
from notifications.models import EscalationPath
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)


def found(**answers) -> evaluation.Evaluation:
    known = {"impact": 2, "scope": 2, "urgency": 2, **answers}
    return evaluation.Evaluation(Category.objects.get(key="outage").pk, **known)


@pytest.fixture
def foresee(people):
    def call(incident, by="responder", **answers) -> consequences.Consequences:
        now = Incident.objects.get(pk=incident.pk)
        return consequences.of(now, found(**answers), by=people.actor(by), at=LATER)

    return call


def test_the_severity_and_its_reason_are_told(declare, foresee):
    told = foresee(declare(), impact=None, floors=("production_access",), urgency=1, scope=1)
    assert (told.severity, told.before, told.open_axes) == (2, 3, ("impact",))
    assert told.why == (
        "I3 (assumed) × S1 × U1, raised to the floor: "
        "unauthorised access to production is confirmed"
    )


def test_the_path_that_would_page_is_named_with_its_steps(declare, foresee):
    told = foresee(declare(), impact=4)
    assert str(told.path) == "SEV-1"
    assert told.steps[:2] == ["at once: First responders", "after 3 min: Second responders"]
    assert (told.begins_anew, told.is_acknowledged) == (True, False)


def test_without_a_path_the_administrators_are_named(declare, foresee):
    EscalationPath.objects.update(is_active=False)
    told = foresee(declare())
    assert (told.path, told.steps) == (None, ["at once: the administrators"])


def test_it_is_paged_anew_only_if_it_is_worse_whoever_looks(declare, foresee, people):
    incident = declare()
    assert foresee(incident).begins_anew is False
    workflow.acknowledge(incident_id=incident.pk, by=people.actor("responder"), at=NOW)
    told = [foresee(incident, impact=impact) for impact in (2, 4)]
    assert [(one.begins_anew, one.is_acknowledged) for one in told] == [(False, True), (True, True)]


def test_a_deadline_whose_anchor_is_not_known_has_no_time_until_it_is(declare, foresee):
    incident = declare()
    assert foresee(incident, impact=4).notice.due_at is None
    told = foresee(incident, impact=4, is_confirmed=True)
    assert told.notice.due_at == LATER + timedelta(minutes=30)


def test_a_severity_without_a_notice_and_one_that_is_signed_away_are_told(declare, foresee, people):
    incident = declare()
    assert foresee(incident, impact=1).notice is None
    by = people.actor("commander")
    response.sign(incident_id=incident.pk, key="no_partners", text="None.", by=by, at=NOW)
    told = foresee(incident, impact=4)
    assert told.is_notice_signed_away is True


def test_lowering_is_told_to_be_a_commander_s(incident_in, foresee):
    incident = incident_in("containment")
    responder, commander = (foresee(incident, by=by, impact=1) for by in ("responder", "commander"))
    assert (responder.needs_commander, responder.is_allowed) == (True, False)
    assert (commander.needs_commander, commander.is_allowed) == (True, True)
    assert foresee(incident, impact=4).needs_commander is False
    assert [foresee(incident, impact=i, tlp="CLEAR").lowers for i in (1, 4)] == [
        "the severity and the TLP",
        "the TLP",
    ]


def test_it_changes_nothing_and_costs_the_same_whatever_is_there(declare, foresee, walk, people):
    few = declare()
    many = declare()
    walk(many).ready_for_containment()
    costs = []
    for incident in (few, many):
        before = Incident.objects.filter(pk=incident.pk).values_list().get()
        with CaptureQueriesContext(connection) as captured:
            foresee(incident, impact=4)
        costs.append(len(captured))
        reads = ("SELECT", "EXECUTE desk_rules_", "EXECUTE desk_escalation_path")
        assert [q["sql"] for q in captured if not q["sql"].startswith(reads)] == []
        assert Incident.objects.filter(pk=incident.pk).values_list().get() == before
    assert costs[0] == costs[1] <= 18


@hypothesis(max_examples=25, suppress_health_check=list(HealthCheck), deadline=None)
@given(
    impact=st.none() | st.integers(1, 4),
    scope=st.none() | st.integers(1, 4),
    urgency=st.none() | st.integers(1, 3),
    floors=st.sets(st.sampled_from(["personal_data", "down_30_min", "erroneous_orders"])),
    is_confirmed=st.booleans(),
)
def test_what_is_foretold_is_what_happens(
    impact, scope, urgency, floors, is_confirmed, declare, foresee, people
):
    incident = declare()
    answers = {
        "impact": impact,
        "scope": scope,
        "urgency": urgency,
        "floors": tuple(sorted(floors)),
        "is_confirmed": is_confirmed,
    }
    told = foresee(incident, **answers)
    before = post_office.escalation(incident.about)
    after = evaluation.evaluate(
        incident_id=incident.pk,
        found=replace(found(), **answers),
        by=people.actor("commander"),
        at=LATER,
    )
    assert told.severity == after.severity
    ahead = [*told.deadlines, *([told.notice] if told.notice else [])]
    assert {one.target.kind: one.due_at for one in ahead if one.due_at} == dict(
        after.deadlines.values_list("kind", "due_at")
    )
    running = post_office.escalation(incident.about)
    assert told.begins_anew == (running != before)
    if told.begins_anew:
        assert running.path == told.path
