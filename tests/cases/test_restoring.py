"""Restoring: checks and comparisons stand as they were, partners confirm or stay silent."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from cases import confirming, restoring, soak, workflow
from cases.intake import reports
from cases.models import Entry, Incident, Involvement, Reconciliation, RecoveryCheck
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotAllowed, NotFound
from partners.models import Partner
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=6)


@pytest.fixture
def recovering(incident_in) -> Incident:
    """An incident in Recovery with Helix involved, which was sent one notice before."""
    return incident_in("recovery")


def newest(incident: Incident) -> Entry:
    return Entry.objects.filter(incident=incident).first()


def check(incident, people, **more: Any) -> RecoveryCheck:
    known = {"name": "Reject ratio", "passed": True, "result": "0.1 %", **more}
    return restoring.record_check(
        incident_id=incident.pk, by=people.actor("responder"), at=LATER, **known
    )


def reconcile(incident, people, **more: Any) -> Reconciliation:
    known = {"what": "Orders", "compared": 100, "differences": 0, **more}
    return restoring.reconcile(
        incident_id=incident.pk, by=people.actor("responder"), at=LATER, **known
    )


def test_a_check_says_what_was_measured(recovering, people):
    check(recovering, people, passed=False, checked_at=NOW)
    assert newest(recovering).body == "Check FAILED: Reject ratio. 0.1 %"
    kept = check(recovering, people)
    assert (kept.checked_at, kept.checked_by, kept.passed) == (LATER, people["responder"], True)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"name": " "}, "needs a name"),
        ({"result": " "}, "what was measured"),
        ({"checked_at": LATER + timedelta(minutes=1)}, "in the future"),
    ],
)
def test_a_check_without_a_result_is_none(more, words, recovering, people):
    with pytest.raises(InvalidInput, match=words):
        check(recovering, people, **more)
    assert not RecoveryCheck.objects.exists()


def test_a_comparison_lists_what_differs(recovering, people):
    made = reconcile(recovering, people, differences=2, listed="#7 cancelled, #9 booked again.")
    assert (made.compared, made.differences) == (100, 2)
    said = newest(recovering).body
    assert said == "Reconciled Orders: 2 of 100 differ. #7 cancelled, #9 booked again."


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"what": ""}, "compared with what"),
        ({"compared": 0}, "how many were compared"),
        ({"differences": 101}, "how many of these differ"),
        ({"differences": -1}, "how many of these differ"),
        ({"compared": 10**19}, "how many were compared"),
        ({"differences": 1}, "List each difference"),
    ],
)
def test_a_comparison_that_proves_nothing_is_refused(more, words, recovering, people):
    with pytest.raises(InvalidInput, match=words):
        reconcile(recovering, people, **more)
    assert not Reconciliation.objects.exists()


def test_what_is_over_takes_no_check(declare, people):
    incident = declare()
    by = people.actor("commander")
    workflow.dismiss(incident_id=incident.pk, reason="A test.", by=by, at=NOW)
    for call in (check, reconcile):
        with pytest.raises(Conflict, match="reopen it first"):
            call(incident, people)


def test_the_commander_signs_what_stays_exposed(recovering, people):
    sign = {"incident_id": recovering.pk, "at": LATER}
    with pytest.raises(NotAllowed):
        restoring.record_residual_exposure(**sign, text="None.", by=people.actor("responder"))
    with pytest.raises(InvalidInput, match="write “none”"):
        restoring.record_residual_exposure(**sign, text=" ", by=people.actor("commander"))
    restoring.record_residual_exposure(**sign, text="None.", by=people.actor("commander"))
    assert Incident.objects.get(pk=recovering.pk).residual_exposure == "None."
    assert (newest(recovering).kind, newest(recovering).body) == (
        "statement",
        "Signed: residual exposure. None.",
    )


def test_a_soak_ends_so_many_minutes_after_the_recovery():
    assert soak.soak_over_at(NOW, 60) == NOW + timedelta(hours=1)
    assert soak.soak_over_at(NOW, 0) == NOW


# --- partners ------------------------------------------------------------------------------------


def unconfirmed(incident: Incident, at: Any = LATER) -> tuple[str, ...]:
    return confirming.partners_unconfirmed(incident, at).names


@pytest.mark.parametrize("role", ["communications", "responder", "security", "commander"])
def test_the_desk_notes_that_a_partner_confirmed(role, recovering, people):
    involvement = recovering.involvements.get()
    assert unconfirmed(recovering) == ("Helix Markets",)
    restoring.confirm_partner(
        incident_id=recovering.pk,
        involvement_id=involvement.pk,
        who="Ada of Helix, by phone",
        by=people.actor(role),
        at=LATER,
    )
    assert unconfirmed(recovering) == ()
    entry = newest(recovering)
    assert (entry.kind, entry.partner_id) == ("partner", involvement.partner_id)
    assert "Ada of Helix, by phone confirmed that the service works again." in entry.body
    with pytest.raises(Conflict, match="Ada of Helix, by phone confirmed it already"):
        restoring.confirm_partner(
            incident_id=recovering.pk,
            involvement_id=involvement.pk,
            who="Ada",
            by=people.actor(role),
            at=LATER,
        )


def test_a_confirmation_needs_a_name_a_partner_of_the_incident_and_recovery(
    recovering, incident_in, people, norrbank
):
    by = people.actor("communications")
    involvement = recovering.involvements.get()
    known = {"incident_id": recovering.pk, "by": by, "at": LATER}
    with pytest.raises(InvalidInput, match="who at the partner"):
        restoring.confirm_partner(**known, involvement_id=involvement.pk, who=" ")
    with pytest.raises(
        InvalidInput, match=r"^This would show Norrbank Securities to Helix Markets;"
    ):
        restoring.confirm_partner(**known, involvement_id=involvement.pk, who="Eva at norrbank")
    with pytest.raises(InvalidInput, match="partner of this incident"):
        restoring.confirm_partner(**known, involvement_id=999999, who="Ada")
    with pytest.raises(NotAllowed):
        restoring.confirm_partner(
            **{**known, "by": people.actor("approver")}, involvement_id=involvement.pk, who="Ada"
        )
    early = incident_in("containment", title="Early")
    with pytest.raises(Conflict, match="nothing to confirm"):
        restoring.confirm_partner(
            incident_id=early.pk,
            involvement_id=early.involvements.get().pk,
            who="Ada",
            by=by,
            at=LATER,
        )


def test_a_partner_confirms_for_itself_and_for_nobody_else(recovering, people, helix, norrbank):
    involvement = recovering.involvements.get()
    with pytest.raises(NotFound):
        restoring.confirm(
            involvement_id=involvement.pk, by=people.contact("norrbank", norrbank), at=LATER
        )
    restoring.confirm(involvement_id=involvement.pk, by=people.contact("helix", helix), at=LATER)
    involvement.refresh_from_db()
    assert involvement.recovery_confirmed_at == LATER
    assert involvement.recovery_confirmed_by == "Helix Markets contact"


def test_what_was_confirmed_does_not_outlast_a_recovery_that_did_not_last(
    recovering, people, helix, walk
):
    involvement = recovering.involvements.get()
    contact, commander = people.contact("helix", helix), people.actor("commander")
    restoring.confirm(involvement_id=involvement.pk, by=contact, at=LATER)
    again = LATER + timedelta(hours=1)
    workflow.step_back(incident_id=recovering.pk, reason="It came back.", by=commander, at=again)
    with pytest.raises(Conflict, match="nothing to confirm"):
        restoring.confirm(involvement_id=involvement.pk, by=contact, at=again)
    walk(recovering).sign_all("detection_added")
    workflow.begin_recovery(incident_id=recovering.pk, by=commander, at=again)
    assert unconfirmed(recovering, again) == ("Helix Markets",)
    restoring.confirm(involvement_id=involvement.pk, by=contact, at=again)
    assert unconfirmed(recovering, again) == ()


def test_silence_counts_a_day_after_the_second_notice_and_not_before(recovering, walk):
    step = walk(recovering)
    step.at = LATER
    day_later = LATER + timedelta(days=1, hours=1)
    assert unconfirmed(recovering, day_later) == ("Helix Markets",)  # one notice so far
    second = step.notify("update")
    for minutes, names in ((-1, ("Helix Markets",)), (0, ())):
        at = second.sent_at + timedelta(hours=24, minutes=minutes)
        assert unconfirmed(recovering, at) == names


def test_silence_begins_no_earlier_than_recovery(incident_in, walk, people):
    incident = incident_in("mitigation")
    step = walk(incident)
    step.at = NOW + timedelta(hours=3)
    step.notify("update")
    step.at += timedelta(days=3)
    step.to_recovery()
    incident = Incident.objects.get(pk=incident.pk)
    assert unconfirmed(incident, step.at + timedelta(hours=23)) == ("Helix Markets",)
    assert unconfirmed(incident, step.at + timedelta(hours=24)) == ()


def test_a_partner_that_reports_something_is_not_silent(recovering, walk, people, helix):
    step = walk(recovering)
    step.at = LATER
    sent = step.notify("update").sent_at
    made = reports.report(
        title="Still late",
        description="Quotes lag.",
        noticed_at=sent,
        by=people.contact("helix", helix),
        at=sent + timedelta(hours=2),
    )
    reports.attach(
        report_id=made.pk,
        reference=recovering.reference,
        by=people.actor("communications"),
        at=sent + timedelta(hours=3),
    )
    assert unconfirmed(recovering, sent + timedelta(days=9)) == ("Helix Markets",)


def test_who_is_unconfirmed_costs_the_same_for_one_and_thirty_partners(recovering):
    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            confirming.partners_unconfirmed(recovering, LATER)
        return len(captured)

    few = cost()
    for number in range(29):
        Involvement.objects.create(
            incident=recovering,
            partner=Partner.objects.create(name=f"Partner {number}", code=f"P{number:03d}"),
            title="x",
            meaning="x",
            severity=3,
            phase=recovering.phase,
            added_at=NOW,
        )
    assert few == cost() <= 4
    assert confirming.partners_unconfirmed(recovering, LATER).count == 30


# --- what the database refuses -------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE cases_recoverycheck SET passed = true",
        "DELETE FROM cases_recoverycheck",
        "UPDATE cases_reconciliation SET differences = 0",
        "DELETE FROM cases_reconciliation",
    ],
)
def test_checks_and_comparisons_are_never_changed(change, recovering, people):
    check(recovering, people, passed=False)
    reconcile(recovering, people, differences=1, listed="#7")
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)
    assert RecoveryCheck.objects.get().passed is False
    assert Reconciliation.objects.get().differences == 1


@pytest.mark.parametrize(
    "wrong",
    [{"recovery_confirmed_at": NOW}, {"recovery_confirmed_by": "Ada"}],
)
def test_a_confirmation_is_a_time_and_a_name(wrong, recovering):
    with pytest.raises(DatabaseError), transaction.atomic():
        Involvement.objects.filter(incident=recovering).update(**wrong)
