"""The times of an incident: each with who entered it, changes kept, corrections with a reason."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import ProgrammingError, transaction

from cases import disclosure, evaluation, moments, response, workflow
from cases.intake import reports
from cases.models import Entry, Incident, MomentChange, Report, Target
from incidentdesk.kernel import clocks
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotAllowed
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=3)
ANCIENT = datetime(1, 1, 1, tzinfo=UTC)
EARLIER = NOW - timedelta(minutes=7)


@pytest.fixture
def correct(people):
    def call(incident, name, value, *, reason="The log says so.", by="responder", at=LATER):
        return evaluation.correct_time(
            incident_id=incident.pk,
            name=name,
            value=value,
            reason=reason,
            by=people.actor(by),
            at=at,
        )

    return call


def changes(incident: Incident) -> list[tuple]:
    """What was entered, in order: name, before, then, by whom."""
    rows = MomentChange.objects.filter(incident=incident)
    return list(rows.values_list("name", "former", "value", "actor"))


def test_what_is_known_at_the_opening_is_entered_by_who_opens_it(declare, people):
    incident = declare(occurred_at=EARLIER)
    who = people["responder"].name
    assert changes(incident) == [
        ("occurred_at", None, EARLIER, who),
        ("detected_at", None, NOW, who),
    ]


def test_an_incident_s_seven_times_are_all_entered_where_they_happen(incident_in, people):
    incident = incident_in("review")
    named = [name for name, _, _, _ in changes(incident)]
    assert named == [
        "detected_at",
        "occurred_at",
        "aware_at",
        "confirmed_at",
        "contained_at",
        "recovered_at",
        "resolved_at",
    ]
    for name, former, value, actor in changes(incident)[1:]:
        assert (former, value) == (None, getattr(incident, name)), name
        assert actor == people["commander"].name
    moved = incident.moves.get(to_phase="review").at
    assert incident.resolved_at == moved


def test_stepping_back_from_the_review_takes_the_end_back_and_keeps_that_it_was_there(
    incident_in, people, walk
):
    incident = incident_in("review")
    resolved, by = incident.resolved_at, people.actor("commander")
    workflow.step_back(incident_id=incident.pk, reason="It came back.", by=by, at=LATER)
    assert Incident.objects.get(pk=incident.pk).resolved_at is None
    assert changes(incident)[-1] == ("resolved_at", resolved, None, people["commander"].name)
    again = LATER + timedelta(hours=1)
    walk(incident).sign_all("blocks_lifted")
    workflow.begin_review(incident_id=incident.pk, by=by, at=again)
    assert Incident.objects.get(pk=incident.pk).resolved_at == again


def test_saying_the_same_time_again_is_no_change(incident_in, people):
    incident = incident_in("recovery")
    by = people.actor("responder")
    for _ in range(2):
        response.record_recovery(incident_id=incident.pk, recovered_at=LATER, by=by, at=LATER)
    assert [c[0] for c in changes(incident)].count("recovered_at") == 1


def test_the_current_times_say_who_entered_each_last_and_how_often_it_changed(declare, correct):
    incident = declare()
    correct(incident, "detected_at", EARLIER)
    found = {m.name: m for m in moments.current(Incident.objects.get(pk=incident.pk))}
    assert list(found) == [name for name, _ in moments.MOMENTS]
    assert found["detected_at"].times_changed == 1
    assert found["detected_at"].entered.former == NOW
    assert found["resolved_at"].entered is None


# --- correcting -----------------------------------------------------------------------------------


def test_a_correction_keeps_what_stood_there_and_says_why_on_the_timeline(declare, correct, people):
    incident = declare()
    correct(incident, "detected_at", EARLIER)
    assert Incident.objects.get(pk=incident.pk).detected_at == EARLIER
    assert changes(incident)[-1] == ("detected_at", NOW, EARLIER, people["responder"].name)
    assert Entry.objects.filter(incident=incident).latest("sequence").body == (
        "Detected corrected from 4 Mar 2026 09:41 to 4 Mar 2026 09:34 UTC. Reason: The log says so."
    )


def test_deadlines_that_hang_on_it_are_due_anew_whether_met_or_not(declare, correct, people):
    incident = declare()
    workflow.acknowledge(incident_id=incident.pk, by=people.actor("responder"), at=NOW)
    correct(incident, "detected_at", EARLIER)
    due = {row.kind: (row.anchor_at, row.due_at) for row in incident.deadlines.all()}
    targets = Target.objects.filter(severity=incident.severity, anchor="detected_at")
    assert due == {
        target.kind: (EARLIER, clocks.add(EARLIER, target.amount, target.counting))
        for target in targets
    }
    assert incident.deadlines.get(kind="acknowledge").met_at == NOW


def test_what_is_met_by_a_time_is_met_at_the_corrected_one(incident_in, correct):
    incident = incident_in("review")
    recovered = incident.recovered_at - timedelta(minutes=4)
    correct(incident, "recovered_at", recovered, at=incident.resolved_at + timedelta(hours=1))
    assert incident.deadlines.get(kind="recover").met_at == recovered
    review = incident.deadlines.get(kind="review")
    target = Target.objects.get(severity=incident.severity, kind="review")
    assert review.due_at == clocks.add(recovered, target.amount, target.counting)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("detected_at", LATER + timedelta(1), "A time lies in the future; check the times."),
        (
            "occurred_at",
            ANCIENT,
            "Nothing told here happened before 1990; check the year.",
        ),
        (
            "occurred_at",
            NOW + timedelta(minutes=1),
            "It cannot have been detected before it occurred; check the two times.",
        ),
        (
            "aware_at",
            EARLIER,
            "We cannot have been aware before it was detected; check the two times.",
        ),
        ("confirmed_at", NOW, "Its nature is not confirmed yet; evaluate it first."),
        (
            "contained_at",
            NOW,
            "It is not contained yet; the move to Mitigation enters this time.",
        ),
        ("recovered_at", NOW, "It has not recovered yet; record the recovery first."),
        ("resolved_at", NOW, "It is not resolved yet; the move to Review enters this time."),
        ("opened_at", NOW, "There is no such time; choose one of the seven."),
    ],
)
def test_a_time_that_cannot_be_is_refused_in_words(name, value, said, declare, correct):
    incident = declare()
    before = changes(incident)
    with pytest.raises(InvalidInput) as refused:
        correct(incident, name, value)
    assert str(refused.value) == said
    assert changes(incident) == before


def test_no_report_and_no_incident_is_told_of_a_time_at_which_nothing_can_have_happened(
    declare, people, helix
):
    said = "Nothing told here happened before 1990; check the year."
    incident, contact = declare(), people.contact("helix", helix)
    words = {"title": "Late", "description": "Fills.", "by": contact, "at": NOW}
    opening = workflow.Opening(
        title="Late", detected_by="x", detected_at=NOW, occurred_at=ANCIENT, detection="staff"
    )
    listed = {"incident_id": incident.pk, "partner_id": helix.pk, "severity": 2}
    comms = {"by": people.actor("communications"), "at": NOW}
    for field, call in (
        ("noticed_at", lambda: reports.report(noticed_at=ANCIENT, **words)),
        ("happened_at", lambda: reports.report(noticed_at=NOW, happened_at=ANCIENT, **words)),
        (
            "occurred_at",
            lambda: workflow.open_incident(opening=opening, by=people.actor("commander"), at=NOW),
        ),
        (
            "started_at",
            lambda: disclosure.add_partner(
                title="Late", meaning="Wait.", started_at=ANCIENT, **listed, **comms
            ),
        ),
    ):
        with pytest.raises(InvalidInput) as refused:
            call()
        assert (refused.value.field, str(refused.value)) == (field, said)
    assert (Report.objects.count(), Incident.objects.count()) == (0, 1)


def test_a_correction_needs_a_reason_a_difference_and_the_right(declare, correct):
    incident = declare()
    before = changes(incident)
    with pytest.raises(InvalidInput, match=r"^Correcting a time needs a reason"):
        correct(incident, "detected_at", EARLIER, reason=" ")
    with pytest.raises(Conflict, match="stands there already"):
        correct(incident, "detected_at", NOW)
    with pytest.raises(NotAllowed):
        correct(incident, "detected_at", EARLIER, by="communications")
    assert changes(incident) == before


def test_nobody_changes_what_was_entered(declare):
    incident = declare()
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        MomentChange.objects.filter(incident=incident).update(actor="Nobody")
