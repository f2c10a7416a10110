"""Evaluation: the severity follows from the answers; raising is open, lowering is not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cases import evaluation, tasks, workflow
from cases.evaluation import Evaluation
from cases.models import Category, Entry, Incident, PlaybookTask, Task
from incidentdesk.kernel.errors import InvalidInput, NotAllowed
from notifications import queries as post_office
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)
EARLIER = NOW - timedelta(minutes=7)


@pytest.fixture
def evaluate(people):
    """`evaluate(incident, by="responder", impact=3)`; what is not said is I2 × S2 × U2, SEV-3."""

    def call(incident: Incident, by: str = "responder", at=LATER, **found) -> Incident:
        answers = {"impact": 2, "scope": 2, "urgency": 2, **found}
        category = Category.objects.get(key=answers.pop("category", "outage"))
        return evaluation.evaluate(
            incident_id=incident.pk,
            found=Evaluation(category_id=category.pk, **answers),
            by=people.actor(by),
            at=at,
        )

    return call


@pytest.fixture
def override(people):
    def call(incident: Incident, severity: int, *, reason="A venue says so.", by="responder"):
        return evaluation.override_severity(
            incident_id=incident.pk,
            severity=severity,
            reason=reason,
            by=people.actor(by),
            at=LATER,
        )

    return call


def fresh(incident: Incident) -> Incident:
    return Incident.objects.get(pk=incident.pk)


def last(incident: Incident) -> str:
    return Entry.objects.filter(incident=incident).latest("sequence").body


def stands(incident: Incident) -> tuple[int, int | None, str, int]:
    """What must not have moved after a refusal."""
    row = fresh(incident)
    entries = Entry.objects.filter(incident=incident).count()
    return row.severity, row.severity_override, row.severity_reason, entries


# --- evaluating -----------------------------------------------------------------------------------


def test_what_was_found_out_is_kept_and_gives_the_severity(declare, evaluate):
    incident = declare()
    evaluate(
        incident,
        impact=3,
        scope=3,
        urgency=3,
        floors=("ten_percent", "downtime_2h"),
        occurred_at=EARLIER,
        aware_at=NOW,
        tlp="RED",
        is_confirmed=True,
    )
    row = fresh(incident)
    assert (row.impact, row.scope, row.urgency, row.severity) == (3, 3, 3, 1)
    assert (row.occurred_at, row.detected_at, row.aware_at) == (EARLIER, NOW, NOW)
    assert (row.confirmed_at, row.tlp) == (LATER, "RED")
    assert row.floors == ["downtime_2h", "ten_percent"]
    assert last(incident) == (
        "Nature confirmed. Infrastructure outage or service degradation. SEV-1: I3 × S3 × U3."
    )


def test_a_floor_raises_it_and_is_named(declare, evaluate):
    incident = declare()
    evaluate(incident, impact=1, scope=1, urgency=1, floors=("production_access",))
    assert fresh(incident).severity == 2
    assert last(incident).endswith(
        "SEV-2: I1 × S1 × U1, raised to the floor: unauthorised access to production is confirmed."
    )


def test_an_axis_may_stay_open_and_counts_as_assumed(declare, evaluate):
    incident = declare()
    evaluate(incident, impact=None, scope=1, urgency=None)
    row = fresh(incident)
    assert (row.severity, row.is_evaluated, row.impact) == (2, False, None)
    assert "Nature not confirmed yet." in last(incident)
    assert last(incident).endswith("SEV-2: I3 (assumed) × S1 × U3 (assumed).")


def test_the_time_of_confirmation_is_that_of_the_first_time(declare, evaluate):
    incident = declare()
    evaluate(incident, is_confirmed=True)
    evaluate(incident, is_confirmed=True, at=LATER + timedelta(hours=1))
    evaluate(incident, is_confirmed=False, at=LATER + timedelta(hours=2))
    assert fresh(incident).confirmed_at == LATER


@pytest.mark.parametrize(
    ("times", "said"),
    [
        (
            {"occurred_at": NOW + timedelta(minutes=1)},
            "It cannot have been detected before it occurred; check the two times.",
        ),
        (
            {"aware_at": NOW - timedelta(minutes=1)},
            "We cannot have been aware before it was detected; check the two times.",
        ),
        (
            {"detected_at": LATER + timedelta(seconds=1)},
            "A time lies in the future; check the times.",
        ),
        (
            {"aware_at": LATER + timedelta(seconds=1)},
            "A time lies in the future; check the times.",
        ),
    ],
)
def test_times_out_of_order_are_refused(declare, evaluate, times, said):
    incident = declare()
    before = stands(incident)
    with pytest.raises(InvalidInput) as refused:
        evaluate(incident, **times)
    assert (str(refused.value), refused.value.field) == (said, *times)
    assert stands(incident) == before


# --- who may be told ------------------------------------------------------------------------------


def test_what_is_not_said_of_the_tlp_leaves_it_as_it_is(declare, evaluate):
    incident = declare()
    evaluate(incident, tlp="RED")
    evaluate(incident, impact=3)
    assert fresh(incident).tlp == "RED"


def test_anybody_who_responds_raises_the_tlp_and_only_a_commander_lowers_it(declare, evaluate):
    incident = declare()
    evaluate(incident, tlp="GREEN")  # nobody had chosen one yet
    evaluate(incident, tlp="RED")
    with pytest.raises(NotAllowed, match="may not command an incident"):
        evaluate(incident, tlp="AMBER+STRICT", reason="It is public.")
    with pytest.raises(InvalidInput) as refused:
        evaluate(incident, tlp="AMBER", by="commander")
    assert str(refused.value) == (
        "Lowering TLP:RED to TLP:AMBER needs a reason; it goes on the timeline."
    )
    assert fresh(incident).tlp == "RED"
    evaluate(incident, tlp="AMBER", by="commander", reason="It is public.")
    assert fresh(incident).tlp == "AMBER"
    assert last(incident).endswith("TLP:AMBER now, from TLP:RED. Reason: It is public.")


# --- the playbook ---------------------------------------------------------------------------------


def playbook(key: str) -> list[tuple[str, int, str]]:
    lines = PlaybookTask.objects.filter(playbook__category__key=key)
    return sorted((t.phase, t.position, t.text) for t in lines)


def laid_out(incident: Incident) -> list[tuple[str, int, str]]:
    return sorted((t.phase, t.position, t.text) for t in incident.tasks.all())


def test_the_first_category_lays_out_its_playbook_and_saying_it_again_does_not(declare, evaluate):
    incident = declare()
    assert laid_out(incident) == []
    evaluate(incident)
    assert laid_out(incident) == playbook("outage")
    assert len(laid_out(incident)) == 23
    ids = set(incident.tasks.values_list("pk", flat=True))
    evaluate(incident, impact=3)
    assert set(incident.tasks.values_list("pk", flat=True)) == ids


def test_marks_of_the_playbook_come_along(declare, evaluate):
    incident = declare()
    evaluate(incident, category="api_security")
    task = incident.tasks.get(phase="mitigation", position=1)
    assert task.text == "Issue new credentials over a verified channel, not the old one"
    assert (task.needs_evidence, task.needs_second_person, task.is_partner_facing) == (
        False,
        True,
        True,
    )


def test_another_category_replaces_its_open_tasks_and_keeps_what_was_done_or_is_our_own(
    declare, evaluate, people
):
    incident = declare()
    evaluate(incident)
    own = tasks.add(
        incident_id=incident.pk,
        phase="containment",
        text="Call the venue",
        by=people.actor("responder"),
        at=LATER,
    )
    done = incident.tasks.filter(phase="containment").first()
    tasks.end(
        incident_id=incident.pk,
        task_ids=[done.pk],
        state="done",
        note="Region eu-1.",
        by=people.actor("responder"),
        at=LATER,
    )
    evaluate(incident, category="data_integrity")
    kept = [(task.phase, task.position, task.text) for task in (done, own)]
    assert laid_out(incident) == sorted([*kept, *playbook("data_integrity")])
    assert Task.objects.get(pk=done.pk).note == "Region eu-1."


# --- lowering -------------------------------------------------------------------------------------


def test_anyone_who_responds_may_raise_a_severity_at_any_time(declare, evaluate):
    incident = declare()
    evaluate(incident, is_confirmed=True)
    evaluate(incident, impact=4)
    assert fresh(incident).severity == 1


def test_before_the_nature_is_confirmed_the_assumptions_may_turn_out_too_dark(declare, evaluate):
    incident = declare(impact=None, scope=None, urgency=None)
    assert incident.severity == 1
    evaluate(incident)
    assert fresh(incident).severity == 3


@pytest.mark.parametrize("by", ["responder", "security"])
def test_after_the_confirmation_only_a_commander_lowers_it(declare, evaluate, by):
    incident = declare()
    evaluate(incident, is_confirmed=True)
    before = stands(incident)
    with pytest.raises(NotAllowed, match="may not command an incident"):
        evaluate(incident, by=by, impact=1, reason="Less than it looked.")
    assert stands(incident) == before


def test_a_commander_lowers_it_with_a_reason(declare, evaluate):
    incident = declare()
    evaluate(incident, is_confirmed=True)
    before = stands(incident)
    with pytest.raises(InvalidInput) as refused:
        evaluate(incident, by="commander", impact=1, reason="  ")
    assert str(refused.value) == (
        "Lowering the severity from SEV-3 to SEV-4 needs a reason; it goes on the timeline."
    )
    assert stands(incident) == before
    evaluate(incident, by="commander", impact=1, reason="Only a chart was late.")
    assert fresh(incident).severity == 4
    assert last(incident).endswith("SEV-4: I1 × S2 × U2. Reason: Only a chart was late.")


# --- overriding -----------------------------------------------------------------------------------


def test_an_override_holds_until_the_next_evaluation(declare, evaluate, override):
    incident = declare()
    override(incident, 1)
    row = fresh(incident)
    assert (row.severity, row.severity_override, row.severity_reason) == (1, 1, "A venue says so.")
    assert last(incident) == ("Severity set by hand to SEV-1, from SEV-3. Reason: A venue says so.")
    evaluate(incident, impact=4, scope=4)
    row = fresh(incident)
    assert (row.severity, row.severity_override, row.severity_reason) == (1, None, "")


def test_what_was_set_by_hand_is_made_milder_by_a_commander_only(declare, evaluate, override):
    """Also before the nature is confirmed: the hand knew better than the assumptions."""
    incident = declare()
    override(incident, 1)
    before = stands(incident)
    with pytest.raises(NotAllowed, match="may not command an incident"):
        evaluate(incident, reason="It looks milder.")
    assert stands(incident) == before
    evaluate(incident, by="commander", reason="The venue took it back.")
    assert fresh(incident).severity == 3


@pytest.mark.parametrize("by", ["responder", "commander"])
def test_an_override_needs_a_reason(declare, override, by):
    incident = declare()
    before = stands(incident)
    with pytest.raises(InvalidInput, match=r"^Overriding a severity needs a reason; it goes on"):
        override(incident, 1, reason=" ", by=by)
    assert stands(incident) == before


def test_only_a_commander_sets_it_milder_by_hand(declare, override):
    incident = declare()
    before = stands(incident)
    with pytest.raises(NotAllowed, match="may not command an incident"):
        override(incident, 4)
    assert stands(incident) == before
    override(incident, 4, by="commander")
    assert fresh(incident).severity == 4


def test_nobody_sets_it_milder_than_a_floor(declare, evaluate, override):
    incident = declare()
    evaluate(incident, floors=("down_30_min",))
    before = stands(incident)
    for severity in (3, 4):
        with pytest.raises(InvalidInput) as refused:
            override(incident, severity, by="commander")
        assert str(refused.value) == (
            "The severity cannot be milder than SEV-2: "
            "a critical service was fully down for over 30 minutes."
        )
    assert stands(incident) == before
    override(incident, 1)
    assert fresh(incident).severity == 1


# --- what follows ---------------------------------------------------------------------------------


def test_a_worse_severity_that_nobody_saw_yet_begins_its_own_ladder(declare, evaluate):
    incident = declare()
    first = post_office.escalation(incident.about)
    evaluate(incident, impact=4)
    second = post_office.escalation(incident.about)
    first.refresh_from_db()
    assert (first.state, second.state, second.severity) == ("stopped", "running", 1)
    assert second.started_at == LATER


@pytest.mark.parametrize("impact", [2, 1])
def test_the_same_or_a_milder_severity_keeps_the_ladder_that_runs(declare, evaluate, impact):
    incident = declare()
    first = post_office.escalation(incident.about)
    evaluate(incident, impact=impact)
    assert post_office.escalation(incident.about) == first


@pytest.mark.parametrize("impact", [2, 1])
def test_who_looks_at_what_is_no_worse_is_not_paged_again(declare, evaluate, people, impact):
    incident = declare()
    workflow.acknowledge(incident_id=incident.pk, by=people.actor("responder"), at=NOW)
    first = post_office.escalation(incident.about)
    evaluate(incident, by="commander", impact=impact, reason="x")
    assert post_office.escalation(incident.about) == first
    assert fresh(incident).acknowledged_at == NOW


def test_the_clock_of_the_evaluation_is_met_once_commander_category_and_nature_are_there(
    declare, evaluate, people
):
    def met(incident: Incident):
        return incident.deadlines.get(kind="evaluate").met_at

    incident, other = declare(), declare()
    evaluate(incident, is_confirmed=True)
    assert met(incident) is None
    at = LATER + timedelta(minutes=1)
    workflow.take_command(incident_id=incident.pk, by=people.actor("commander"), at=at)
    assert met(incident) == at
    workflow.take_command(incident_id=other.pk, by=people.actor("commander"), at=NOW)
    evaluate(other)
    assert met(other) is None
    evaluate(other, is_confirmed=True, at=at)
    assert met(other) == at
