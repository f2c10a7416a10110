"""What became of a clock: recorded by a person, for us and each partner; closing waits for it."""

from __future__ import annotations

from typing import Any

import pytest

from cases import restriction, warning, workflow
from cases.models import Entry, Incident, RegulatoryClock, ReviewFacts
from cases.regulation import outcomes
from cases.regulation.outcomes import Outcome
from incidentdesk.kernel.clocks import State
from incidentdesk.kernel.errors import Conflict, GateNotMet, InvalidInput, NotAllowed, NotFound
from notifications.models import Message
from tests.cases.regulation.conftest import at, clocks_of
from tests.conftest import NOW, Walk

pytestmark = pytest.mark.django_db
MAJOR, SENT, LATER = at("2026-03-04T11:00"), at("2026-03-04T13:00"), at("2026-04-01T10:00")


@pytest.fixture
def incident(declare, bound, put) -> Incident:
    """Ours is major."""
    bound(None, "DORA", "GDPR")
    made = declare(aware_at=NOW)
    put(made, None, "classified_major_at", MAJOR)
    return made


@pytest.fixture
def record(people):
    """`record(incident, "DORA-INIT", "submitted", sent_at=SENT)`, by the commander."""

    def call(incident: Incident, key: str, kind: str, **said: Any) -> RegulatoryClock:
        row = said.pop("row", None)
        return outcomes.record(
            incident_id=incident.pk,
            rule_key=key,
            involvement_id=row.pk if row else None,
            outcome=Outcome(kind, **said),
            by=people.actor(said.pop("who", "commander")),
            at=LATER,
        )

    return call


def newest(incident: Incident) -> str:
    return Entry.objects.filter(incident=incident).latest("sequence").body


def test_what_was_sent_meets_its_clock_and_starts_the_next(incident, record):
    row = record(incident, "DORA-INIT", "submitted", sent_at=SENT, reference=" BAF-2026-77 ")
    assert (row.outcome, row.met_at, row.reference, row.recorded_by.name, row.recorded_at) == (
        "submitted",
        SENT,
        "BAF-2026-77",
        "Incident commander",
        LATER,
    )
    assert (row.state(LATER), row.warn_at) == (State.MET, None)
    assert clocks_of(incident) == {"DORA-INTERM": "2026-03-07T13:00"}
    assert newest(incident) == (
        "Our firm: Initial notification sent (DORA): 4 Mar 2026 13:00 UTC. DORA-INIT is met. "
        "DORA-INTERM runs and is due 7 Mar 2026 13:00 UTC. Reference BAF-2026-77."
    )


def test_nothing_is_told_before_it_happened_and_no_report_before_the_one_that_it_follows(
    declare, put
):
    made = declare(occurred_at=at("2026-03-04T08:00"))
    put(made, None, "initial_submitted_at", SENT)
    wrong = {
        "classified_major_at": "2026-03-04T07:59",
        "intermediate_submitted_at": "2026-03-04T12:59",
        "final_submitted_at": "2026-03-04T12:00",
    }
    for name, moment in wrong.items():
        with pytest.raises(InvalidInput, match="That lies before “"):
            put(made, None, name, at(moment))
    put(made, None, "intermediate_submitted_at", SENT)  # both at once
    with pytest.raises(InvalidInput, match="That lies after “Intermediate report sent"):
        put(made, None, "initial_submitted_at", at("2026-03-04T13:01"))


def test_what_a_partner_sent_is_its_own(incident, bound, involve, put, record, helix):
    bound(helix, "GDPR")
    row = involve(incident, helix)
    put(incident, row, "personal_data_breach_at", MAJOR)
    put(incident, None, "personal_data_breach_at", MAJOR)
    record(incident, "GDPR-33", "submitted", row=row, sent_at=SENT)
    assert clocks_of(incident, row) == {}
    assert clocks_of(incident) == {
        "DORA-INIT": "2026-03-04T15:00",
        "GDPR-33": "2026-03-07T11:00",
    }
    assert newest(incident) == (
        "Helix Markets: GDPR-33, Notification of a personal-data breach: sent 4 Mar 2026 13:00 UTC."
    )


@pytest.mark.parametrize(
    ("kind", "state", "words"),
    [
        ("not_applicable", State.NOT_APPLICABLE, "DORA-INIT not applicable. Reason: Too small."),
        ("not_sent", State.LATE, "DORA-INIT not sent. Reason: Too small."),
    ],
)
def test_why_it_was_not_sent_is_an_outcome_too(incident, record, kind, state, words):
    row = record(incident, "DORA-INIT", kind, reason="Too small.")
    assert (row.state(NOW), row.met_at, row.reason) == (state, None, "Too small.")
    assert clocks_of(incident) == {}
    assert newest(incident) == f"Our firm: {words}"


def test_what_has_not_begun_can_be_not_applicable(incident, record, put):
    row = record(incident, "GDPR-33", "not_applicable", reason="No personal data.")
    assert (row.due_at, row.state(LATER)) == (None, State.NOT_APPLICABLE)
    put(incident, None, "personal_data_breach_at", MAJOR)
    assert clocks_of(incident) == {"DORA-INIT": "2026-03-04T15:00"}


def test_an_outcome_is_recorded_anew_with_a_reason(incident, record):
    record(incident, "DORA-INIT", "not_applicable", reason="Too small.")
    with pytest.raises(InvalidInput, match=r"has an outcome already: not applicable\. Say why"):
        record(incident, "DORA-INIT", "submitted", sent_at=SENT)
    record(incident, "DORA-INIT", "submitted", sent_at=SENT, reason="It was sent after all.")
    assert clocks_of(incident) == {"DORA-INTERM": "2026-03-07T13:00"}
    record(incident, "DORA-INIT", "not_sent", reason="That was another one.")
    assert clocks_of(incident) == {}
    outcome = RegulatoryClock.objects.get(incident=incident)
    assert (outcome.rule.key, outcome.outcome) == ("DORA-INIT", "not_sent")


def test_an_outcome_is_taken_back(incident, record, people):
    row = record(incident, "DORA-INIT", "submitted", sent_at=SENT)
    step = {"clock_id": row.pk, "by": people.actor("commander"), "at": LATER}
    with pytest.raises(InvalidInput, match="needs a reason"):
        outcomes.take_back(**step, reason=" ")
    outcomes.take_back(**step, reason="Another incident's.")
    assert clocks_of(incident) == {"DORA-INIT": "2026-03-04T15:00"}
    with pytest.raises(Conflict, match="DORA-INIT has no outcome"):
        outcomes.take_back(**step, reason="Again.")


@pytest.mark.parametrize(
    ("key", "kind", "said", "words"),
    [
        ("DORA-INIT", "lost", {}, "A report was sent, is not applicable, or was not sent"),
        ("DORA-INIT", "submitted", {}, "Say when it was sent"),
        ("DORA-INIT", "submitted", {"sent_at": at("2026-04-01T10:01")}, "It cannot have been sent"),
        ("DORA-INIT", "submitted", {"sent_at": at("1980-04-01T10:00")}, "It cannot have been sent"),
        ("DORA-INIT", "not_sent", {"reason": " "}, "Say why"),
        ("UK-INIT", "submitted", {"sent_at": SENT}, "UK-INIT does not bind us"),
        ("NIS9", "submitted", {"sent_at": SENT}, "NIS9 does not bind us"),
    ],
)
def test_what_makes_no_sense_is_refused(incident, record, key, kind, said, words):
    with pytest.raises(InvalidInput, match=words):
        record(incident, key, kind, **said)
    assert clocks_of(incident) == {"DORA-INIT": "2026-03-04T15:00"}


def test_the_partner_of_another_incident_is_not_there(incident, declare, involve, record, helix):
    row = involve(declare(title="Another"), helix)
    with pytest.raises(NotFound, match="This partner is not involved"):
        record(incident, "DORA-INIT", "submitted", row=row, sent_at=SENT)


@pytest.mark.parametrize("role", ["responder", "communications", "approver", "auditor"])
def test_the_commander_records_outcomes_and_nobody_else(incident, people, role):
    with pytest.raises(NotAllowed):
        outcomes.record(
            incident_id=incident.pk,
            rule_key="DORA-INIT",
            outcome=Outcome("submitted", sent_at=SENT),
            by=people.actor(role),
            at=LATER,
        )


def test_whoever_may_not_open_a_restricted_incident_records_nothing(incident, people):
    other = people["security"]
    other.roles = ["commander"]
    other.save()
    restriction.restrict(
        incident_id=incident.pk,
        user_ids=[],
        reason="Insider.",
        by=people.actor("commander"),
        at=NOW,
    )
    with pytest.raises(NotFound):
        outcomes.record(
            incident_id=incident.pk,
            rule_key="DORA-INIT",
            outcome=Outcome("submitted", sent_at=SENT),
            by=people.actor("security"),
            at=LATER,
        )


def test_closing_waits_for_the_outcome_of_every_clock(incident_in, bound, put, record, people):
    incident = incident_in("review")
    row = incident.involvements.get()
    bound(row.partner, "DORA")
    put(incident, row, "classified_major_at", MAJOR)
    ReviewFacts.objects.filter(incident=incident).update(
        missing=[], approved_at=LATER, approved_by=people["approver"]
    )
    step = {"incident_id": incident.pk, "by": people.actor("approver"), "at": LATER}
    with pytest.raises(GateNotMet) as refusal:
        workflow.close(**step)
    assert refusal.value.unmet == ["The outcome of every regulator's clock recorded (1 open)"]
    record(incident, "DORA-INIT", "not_applicable", row=row, reason="Found not major.")
    assert workflow.close(**step).phase == "closed"


def test_what_is_learned_after_closing_is_recorded_all_the_same(
    incident_in, bound, put, record, people
):
    incident = incident_in("review")
    row = incident.involvements.get()
    bound(row.partner, "DORA")
    ReviewFacts.objects.filter(incident=incident).update(
        missing=[], approved_at=LATER, approved_by=people["approver"]
    )
    workflow.close(incident_id=incident.pk, by=people.actor("approver"), at=LATER)
    put(incident, row, "classified_major_at", MAJOR)
    assert clocks_of(incident, row) == {"DORA-INIT": "2026-03-04T15:00"}
    record(incident, "DORA-INIT", "submitted", row=row, sent_at=SENT)
    assert clocks_of(incident, row) == {"DORA-INTERM": "2026-03-07T13:00"}


# --- reminders ------------------------------------------------------------------------------------


@pytest.fixture
def told(people):
    """`told(at("…"))`: the subjects of reminders, without the reference, by address."""
    people["communications"].is_active = False
    people["communications"].save()

    def call(when) -> list[tuple[str, str]]:
        before = set(Message.objects.values_list("pk", flat=True))
        warning.warn(at=when)
        assert warning.warn(at=when) == 0
        rows = Message.objects.exclude(pk__in=before).order_by("pk")
        found = [(one.to_address, one.subject.partition(": ")[2]) for one in rows]
        return [one for one in found if "DORA" in one[1]]

    return call


def test_people_are_reminded_at_each_stage_and_once_it_is_late(incident, told, people):
    step = {"incident_id": incident.pk, "by": people.actor("commander"), "at": MAJOR}
    workflow.take_command(**step)
    incident.deadlines.all().delete()
    whom, what = "commander@desk.test", "DORA-INIT, Initial notification"
    moments = ("12:59", "13:00", "14:00", "14:36", "14:59", "15:00", "18:00")
    assert {moment: told(at(f"2026-03-04T{moment}")) for moment in moments} == {
        "12:59": [],
        "13:00": [(whom, f"{what} due in 2 h")],
        "14:00": [(whom, f"{what} due in 1 h")],
        "14:36": [(whom, f"{what} due in 24 min")],
        "14:59": [],
        "15:00": [(whom, f"{what} is late")],
        "18:00": [],
    }
    mail = Message.objects.filter(subject__contains="is late").latest("pk")
    assert "the authority is told before it is due, with reasons" in mail.body_text


def test_a_recorded_outcome_reminds_nobody(incident, told, record, people):
    workflow.take_command(incident_id=incident.pk, by=people.actor("commander"), at=MAJOR)
    record(incident, "DORA-INIT", "not_sent", reason="Nobody was there.")
    assert told(at("2026-03-04T15:00")) == []


def test_without_a_commander_the_administrator_is_reminded(incident, told):
    assert told(at("2026-03-04T13:00")) == [
        ("administrator@desk.test", "DORA-INIT, Initial notification due in 2 h")
    ]


def test_a_walk_to_review_is_not_hindered_by_what_nobody_owes(incident_in, bound, people, helix):
    bound(helix, "DORA", "NIS2", "GDPR", "UK")
    incident = incident_in("recovery")
    Walk(incident.pk, people, helix).to_review()
    assert not RegulatoryClock.objects.exists()
