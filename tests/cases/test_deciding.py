"""Whom to notify: decided for each partner, with a reason, before Containment ends."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from cases import deciding, disclosure, facts, workflow
from cases.models import Incident, Involvement
from incidentdesk.kernel.errors import Conflict, GateNotMet, InvalidInput, NotAllowed
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
WORDS = "Decided for each affected partner, with a reason, whether it is notified"


@pytest.fixture
def involve(people):
    """`involve(incident, norrbank)`: that partner is affected as well."""

    def call(incident, partner) -> Involvement:
        return disclosure.add_partner(
            incident_id=incident.pk,
            partner_id=partner.pk,
            title="Delayed quotes",
            meaning="Use EU-1.",
            severity=3,
            by=people.actor("commander"),
            at=NOW,
        )

    return call


@pytest.fixture
def decide(people):
    """`decide(incident, "not", row)`: by the commander."""

    def call(incident, choice, *rows, reason="It sees nothing of it.", by="commander") -> int:
        return deciding.decide(
            incident_id=incident.pk,
            involvement_ids=[row.pk for row in rows],
            choice=choice,
            reason=reason,
            by=people.actor(by),
            at=NOW,
        )

    return call


def state(row) -> tuple:
    row = Involvement.objects.get(pk=row.pk)
    return row.decision, row.decision_reason, row.decided_at, row.decided_by


def test_a_decision_is_kept_with_its_reason_and_stands_on_the_timeline(
    incident_in, involve, decide, people, norrbank
):
    incident = incident_in("containment")
    row = involve(incident, norrbank)
    assert decide(incident, "not", row, reason=" It does not trade there. ") == 1
    assert state(row) == ("not", "It does not trade there.", NOW, people["commander"])
    assert incident.entries.order_by("sequence").last().body == (
        "Decided for Norrbank Securities: do not notify. Reason: It does not trade there."
    )
    known = facts.of(incident, at=NOW)
    assert (known.partners, known.partners_decided, known.partners_owed) == (2, 1, 0)


@pytest.mark.parametrize(
    ("choice", "reason", "said"),
    [
        ("notify", " ", "The decision whom to notify needs a reason; it goes on the timeline."),
        ("x", "y", "A partner is notified, is not, or reads of it in the monthly digest."),
    ],
)
def test_what_is_no_decision_is_refused(incident_in, decide, choice, reason, said):
    incident = incident_in("containment")
    row = incident.involvements.get()
    with pytest.raises(InvalidInput) as refused:
        decide(incident, choice, row, reason=reason)
    assert (str(refused.value), state(row)) == (said, ("", "", None, None))


def test_it_is_decided_by_who_commands_and_for_partners_of_this_incident(
    incident_in, declare, involve, decide, norrbank
):
    incident, row = incident_in("containment"), involve(declare(), norrbank)
    with pytest.raises(NotAllowed):
        decide(incident, "notify", incident.involvements.get(), by="communications")
    for rows in ([], [row], [row, incident.involvements.get()]):
        with pytest.raises(InvalidInput) as refused:
            decide(incident, "notify", *rows)
        assert str(refused.value) == "Choose among the partners of this incident, at least one."


def test_only_a_sev_4_waits_for_the_digest_and_one_that_rises_is_decided_anew(incident_in, decide):
    incident = incident_in("containment")
    row = incident.involvements.get()
    with pytest.raises(InvalidInput) as refused:
        decide(incident, "digest", row)
    assert str(refused.value) == (
        f"Only a SEV-4 incident goes into the monthly digest; {incident.reference} is SEV-2."
    )
    Incident.objects.update(severity=4)
    decide(incident, "digest", row)
    assert facts.of(Incident.objects.get(), at=NOW).partners_decided == 1
    Incident.objects.update(severity=3)
    assert facts.of(Incident.objects.get(), at=NOW).partners_decided == 0


def test_who_was_told_cannot_be_decided_out_of_it(incident_in, decide):
    incident = incident_in("mitigation")
    row = incident.involvements.get()
    with pytest.raises(Conflict) as refused:
        decide(incident, "not", row)
    assert str(refused.value) == (
        "Helix Markets was told already; what was sent cannot be taken back."
    )
    assert state(row)[0] == "notify"


def test_containment_is_left_without_a_notice_where_none_is_to_be_sent(
    incident_in, walk, people, decide
):
    incident = incident_in("containment")
    step = walk(incident)
    step.end_tasks("containment")
    step.change_systems("isolated")
    step.sign("no_growth")
    Incident.objects.update(residual_exposure="None.")
    move = {"incident_id": incident.pk, "by": step.commander, "at": step.tick()}
    with pytest.raises(GateNotMet) as refused:
        workflow.begin_mitigation(**move)
    assert refused.value.unmet == [f"{WORDS} (0 of 1)"]
    decide(incident, "not", incident.involvements.get())
    assert workflow.begin_mitigation(**move).phase == "mitigation"
    assert not incident.deadlines.filter(kind="first_notice", is_dropped=False).exists()


def test_a_decision_to_notify_starts_the_dropped_clock_again(incident_in, decide):
    incident = incident_in("containment")
    row = incident.involvements.get()

    def clock():
        return incident.deadlines.filter(kind="first_notice", is_dropped=False).count()

    assert clock() == 1
    decide(incident, "not", row)
    assert clock() == 0
    decide(incident, "notify", row)
    assert clock() == 1


def test_the_database_refuses_to_leave_containment_undecided(incident_in):
    incident_in("containment")
    with (
        pytest.raises(DatabaseError, match="decided for every partner"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE cases_incident SET phase = 'mitigation'")
    assert Incident.objects.get().phase == "containment"


@pytest.mark.parametrize(
    "forged",
    [{"decision": "not"}, {"decision_reason": "x"}, {"decision": "not", "decision_reason": "x"}],
)
def test_the_database_keeps_a_decision_with_its_reason_and_its_person(incident_in, forged):
    incident = incident_in("containment")
    with pytest.raises(IntegrityError, match="decided_by_someone"), transaction.atomic():
        incident.involvements.update(**forged)


def test_a_step_back_to_containment_asks_anew_and_one_to_mitigation_does_not(incident_in, people):
    incident = incident_in("recovery")
    step = {"incident_id": incident.pk, "by": people.actor("commander"), "reason": "Too early."}
    workflow.step_back(**step, at=NOW)
    assert state(incident.involvements.get())[0] == "notify"
    workflow.step_back(**step, at=NOW)
    assert state(incident.involvements.get()) == ("", "", None, None)
