"""What nobody owes after all: clocks end with a dismissal or a decision, and come back with it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.test import Client

from cases import response, workflow
from cases.models import Entry, Incident, RegulatoryClock
from cases.regulation import duty, outcomes
from cases.regulation.duty import DECIDED
from cases.regulation.outcomes import Outcome
from incidentdesk.kernel.clocks import State
from incidentdesk.kernel.errors import InvalidInput
from tests.cases.regulation.conftest import at, clocks_of
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
MAJOR, SENT, LATER = at("2026-03-04T11:00"), at("2026-03-04T13:00"), at("2026-04-01T10:00")
DUE = {"DORA-INIT": "2026-03-04T15:00"}
FALSE_ALARM = "The sensor was broken."


@pytest.fixture
def incident(declare, bound, put) -> Incident:
    """Ours is major under DORA, and a breach of personal data."""
    bound(None, "DORA", "GDPR")
    made = declare(aware_at=NOW)
    put(made, None, "classified_major_at", MAJOR)
    put(made, None, "personal_data_breach_at", MAJOR)
    return made


@pytest.fixture
def dismiss(people):
    def call(incident: Incident, **known) -> None:
        by = people.actor("commander")
        said = {"reason": FALSE_ALARM, "at": LATER} | known
        workflow.dismiss(incident_id=incident.pk, by=by, **said)

    return call


@pytest.fixture
def reopen(people):
    def call(incident: Incident) -> None:
        by = people.actor("commander")
        at = LATER + timedelta(hours=1)
        workflow.reopen(incident_id=incident.pk, reason="It was real.", by=by, at=at)

    return call


@pytest.fixture
def none_owed(people):
    """`none_owed(incident)`: the commander signs that we owe no report."""

    def call(incident: Incident, key: str = DECIDED) -> None:
        response.sign(
            incident_id=incident.pk,
            key=key,
            text="Compliance: below every threshold.",
            nothing_owed=True,
            by=people.actor("commander"),
            at=LATER,
        )

    return call


def ends(incident: Incident, row=None) -> dict[str, str]:
    """Rule → outcome, of one party."""
    rows = RegulatoryClock.objects.filter(incident=incident, involvement=row)
    return dict(rows.values_list("rule__key", "outcome"))


def said(incident: Incident, kind: str = "statement") -> list[str]:
    """The newest entries of this kind first."""
    rows = Entry.objects.filter(incident=incident, kind=kind)
    return list(rows.order_by("-sequence").values_list("body", flat=True))


def test_no_clock_of_an_incident_that_was_none_is_owed(
    incident, bound, involve, put, dismiss, helix, people
):
    bound(helix, "DORA")
    row = involve(incident, helix)
    put(incident, row, "classified_major_at", MAJOR)

    dismiss(incident)

    assert ends(incident) == {"DORA-INIT": "not_owed", "GDPR-33": "not_owed"}
    assert ends(incident, row) == {"DORA-INIT": "not_owed"}
    clock = RegulatoryClock.objects.get(incident=incident, rule__key="GDPR-33")
    assert (clock.state(LATER), clock.warn_at) == (State.NOT_APPLICABLE, None)
    assert (clock.recorded_at, clock.recorded_by) == (LATER, people["commander"])
    assert clock.reason == f"The incident was dismissed: {FALSE_ALARM}"
    why = f"not owed. The incident was dismissed: {FALSE_ALARM}"
    told = said(incident)
    assert f"Our firm: DORA-INIT, GDPR-33 {why}" in told
    assert f"{helix}: DORA-INIT {why}" in told
    assert Entry.objects.filter(body__endswith=why).values_list("actor", flat=True).distinct().get()


def test_reopened_they_run_again_as_they_are_due(incident, dismiss, reopen):
    before = clocks_of(incident)
    dismiss(incident)
    assert clocks_of(incident) == {}

    reopen(incident)

    assert clocks_of(incident) == before
    assert "Our firm: DORA-INIT, GDPR-33 owed again, since that is decided anew." in said(incident)
    newest = RegulatoryClock.objects.get(incident=incident, rule__key="DORA-INIT")
    assert (newest.reason, newest.recorded_at, newest.recorded_by) == ("", None, None)
    assert newest.warn_at == newest.due_at


def test_what_a_person_recorded_stays_through_both(incident, dismiss, reopen, people):
    outcomes.record(
        incident_id=incident.pk,
        rule_key="GDPR-33",
        outcome=Outcome("not_applicable", reason="No natural persons."),
        by=people.actor("commander"),
        at=LATER,
    )
    dismiss(incident)
    assert ends(incident) == {"DORA-INIT": "not_owed", "GDPR-33": "not_applicable"}
    reopen(incident)
    assert ends(incident) == {"DORA-INIT": "", "GDPR-33": "not_applicable"}


def test_who_reported_it_as_major_owes_the_word_that_it_was_none(incident, put, dismiss, reopen):
    put(incident, None, "initial_submitted_at", SENT)
    dismiss(incident)
    assert ends(incident) == {
        "DORA-INIT": "submitted",
        "DORA-INTERM": "not_owed",
        "DORA-RECLASS": "",
        "GDPR-33": "not_owed",
    }
    reopen(incident)
    assert ends(incident) == {"DORA-INIT": "submitted", "DORA-INTERM": "", "GDPR-33": ""}


def test_a_duplicate_goes_on_and_its_clocks_stay(incident, declare, dismiss):
    other = declare(title="The same")
    before = clocks_of(incident)
    dismiss(incident, duplicate_of=other.reference)
    assert clocks_of(incident) == before


def test_our_duty_decided_to_be_none_ends_our_clocks_alone(
    incident, bound, involve, put, none_owed, helix
):
    bound(helix, "DORA", "GDPR")
    row = involve(incident, helix)
    put(incident, row, "classified_major_at", MAJOR)
    put(incident, row, "partner_data_breach_at", MAJOR)  # which we owe it

    none_owed(incident)

    assert ends(incident) == {"DORA-INIT": "not_owed", "GDPR-33": "not_owed"}
    assert ends(incident, row) == {"DORA-INIT": "", "GDPR-33-2": "not_owed"}
    why = "not owed. Decided: none is owed. Compliance: below every threshold."
    assert f"Our firm: DORA-INIT, GDPR-33 {why}" in said(incident)


def test_a_decision_counts_on_behind_its_phase_and_no_more_once_that_begins_anew(
    incident_in, bound, put, people
):
    incident = incident_in("mitigation")  # where the duty was signed in Identification
    bound(None, "DORA")
    put(incident, None, "classified_major_at", MAJOR)
    by = people.actor("commander")
    duty.decided_none(incident, why="Below every threshold.", by=by, at=LATER)

    for phase, due in (("containment", {}), ("identification", DUE)):
        workflow.step_back(incident_id=incident.pk, reason="Too early.", by=by, at=LATER)
        assert Incident.objects.get(pk=incident.pk).phase == phase
        assert clocks_of(incident) == due


def test_a_later_decision_that_it_is_major_starts_what_was_not_owed(incident, put, none_owed):
    none_owed(incident)
    put(incident, None, "classified_major_at", at("2026-03-04T12:00"))
    assert clocks_of(incident) == {"DORA-INIT": "2026-03-04T16:00"}


def test_a_report_that_was_sent_all_the_same_is_recorded(incident, put, none_owed):
    none_owed(incident)
    put(incident, None, "initial_submitted_at", SENT)
    assert ends(incident)["DORA-INIT"] == "submitted"


def test_only_the_regulatory_duty_decides_that(incident, none_owed):
    with pytest.raises(InvalidInput, match="sign that instead"):
        none_owed(incident, key="no_duplicate")
    assert clocks_of(incident) != {}


def test_nobody_records_by_hand_what_follows_from_a_decision(incident, people):
    with pytest.raises(InvalidInput, match="choose one"):
        outcomes.record(
            incident_id=incident.pk,
            rule_key="DORA-INIT",
            outcome=Outcome("not_owed", reason="I say so."),
            by=people.actor("commander"),
            at=LATER,
        )


def test_the_database_asks_why_none_is_owed(incident):
    rows = RegulatoryClock.objects.filter(incident=incident, rule__key="DORA-INIT")
    with pytest.raises(DatabaseError, match="outcome_is_whole"), transaction.atomic():
        rows.update(outcome="not_owed", recorded_at=LATER)


def test_the_dialog_asks_for_it_with_the_regulatory_duty_alone(incident, as_) -> None:
    browser: Client = as_("commander")
    address = f"/admin/cases/incident/{incident.pk}/do/sign/"
    assert "We owe no report" not in browser.get(f"{address}?key=no_duplicate").content.decode()
    assert "We owe no report" in browser.get(f"{address}?key={DECIDED}").content.decode()
    form = {"key": DECIDED, "text": "Below every threshold.", "nothing_owed": "on"}
    assert browser.post(address, form).status_code == 302
    assert ends(incident) == {"DORA-INIT": "not_owed", "GDPR-33": "not_owed"}
