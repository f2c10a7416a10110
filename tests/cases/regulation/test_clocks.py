"""Clocks of regulators in an incident: they run, move, are met, and say so."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from cases import evaluation, response, workflow
from cases.models import Anchor, Entry, Incident, Regime, RegimeRule, RegulatoryClock
from cases.regulation import anchors, outcomes
from incidentdesk.kernel.clocks import State
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotAllowed
from notifications.models import Holiday, HolidayCalendar
from tests.cases.regulation.conftest import at, clocks_of
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
AWARE, MAJOR, SENT = at("2026-03-04T09:41"), at("2026-03-04T11:00"), at("2026-03-04T13:00")


@pytest.fixture
def incident(declare) -> Incident:
    declare(title="Another", aware_at=NOW)
    return declare(aware_at=AWARE)


def said(incident: Incident, row=None) -> list[str]:
    """What the timeline says of clocks, oldest first."""
    rows = Entry.objects.filter(incident=incident, kind="statement").order_by("sequence")
    partner_id = row.partner_id if row else None
    return [entry.body for entry in rows if entry.partner_id == partner_id]


def test_nothing_runs_before_its_anchor_is_recorded(incident, bound, involve, helix):
    bound(None, "DORA", "NIS2", "GDPR", "UK")
    bound(helix, "DORA", "NIS2", "GDPR", "UK")
    row = involve(incident, helix)
    assert (clocks_of(incident), clocks_of(incident, row)) == ({}, {})
    assert not RegulatoryClock.objects.exists()


def test_each_party_has_its_own_clocks(incident, bound, involve, put, helix, norrbank):
    bound(helix, "DORA")
    ours, theirs, other = None, involve(incident, helix), involve(incident, norrbank)
    for row in (ours, theirs, other):
        put(incident, row, "classified_major_at", MAJOR)
    found = [clocks_of(incident, row) for row in (ours, theirs, other)]
    assert found == [{}, {"DORA-INIT": "2026-03-04T15:00"}, {}]
    assert said(incident, theirs) == [
        "Helix Markets: Classified as major (DORA): 4 Mar 2026 11:00 UTC. "
        "DORA-INIT runs and is due 4 Mar 2026 15:00 UTC."
    ]


def test_a_regime_that_is_off_starts_no_clock(incident, bound, put):
    bound(None, "DORA", "MAS")
    Regime.objects.filter(code="DORA").update(is_on=False)
    RegimeRule.objects.filter(key="MAS-14D").update(is_on=False)
    put(incident, None, "classified_major_at", MAJOR)
    put(incident, None, "mas_discovered_at", MAJOR)
    assert clocks_of(incident) == {"MAS-1H": "2026-03-04T12:00"}


def test_what_began_before_a_regime_applies_starts_no_clock(incident, bound, put):
    bound(None, "UK")
    put(incident, None, "uk_threshold_met_at", at("2027-03-17T23:59"))
    assert clocks_of(incident) == {}
    put(incident, None, "uk_threshold_met_at", at("2027-03-18T00:00"))
    assert clocks_of(incident) == {"UK-INIT": "2027-03-19T00:00"}


def test_a_bare_day_is_no_time(incident, bound, put):
    bound(None, "DORA")
    put(incident, None, "classified_major_at", date(2026, 3, 4))
    assert clocks_of(incident) == {}
    assert said(incident) == [
        "Our firm: Classified as major (DORA): 4 Mar 2026, the hour is not known."
    ]
    put(incident, None, "classified_major_at", MAJOR)
    assert clocks_of(incident) == {"DORA-INIT": "2026-03-04T15:00"}


def test_a_moved_anchor_makes_what_runs_due_anew_and_says_so(incident, bound, put):
    bound(None, "DORA")
    put(incident, None, "classified_major_at", MAJOR)
    put(incident, None, "classified_major_at", at("2026-03-04T10:00"), note="As their log says.")
    assert clocks_of(incident) == {"DORA-INIT": "2026-03-04T14:00"}
    assert said(incident)[-1] == (
        "Our firm: Classified as major (DORA): 4 Mar 2026 10:00 UTC "
        "(was 4 Mar 2026 11:00 UTC). DORA-INIT is due 4 Mar 2026 14:00 UTC by now, "
        "not 4 Mar 2026 15:00 UTC. As their log says."
    )
    values = [row.value for row in Anchor.objects.filter(incident=incident)]
    assert values == [MAJOR, at("2026-03-04T10:00")]


def test_a_corrected_time_of_the_incident_moves_what_runs(incident, bound, put, people):
    bound(None, "DORA")
    put(incident, None, "classified_major_at", at("2026-03-05T09:00"))
    assert clocks_of(incident) == {"DORA-INIT": "2026-03-05T09:41"}  # 24 h after aware
    evaluation.correct_time(
        incident_id=incident.pk,
        name="aware_at",
        value=at("2026-03-04T10:00"),
        reason="The call came then.",
        by=people.actor("commander"),
        at=at("2026-03-05T12:00"),
    )
    assert clocks_of(incident) == {"DORA-INIT": "2026-03-05T10:00"}
    assert said(incident)[-1] == (
        "Our firm: DORA-INIT is due 5 Mar 2026 10:00 UTC by now, not 5 Mar 2026 09:41 UTC."
    )


def test_a_partner_became_aware_at_its_own_time(incident, bound, involve, put, helix):
    bound(helix, "DORA")
    row = involve(incident, helix)
    put(incident, row, "classified_major_at", at("2026-03-05T09:00"))
    assert clocks_of(incident, row) == {"DORA-INIT": "2026-03-05T09:41"}
    put(incident, row, "aware_at", at("2026-03-04T11:00"))
    assert clocks_of(incident, row) == {"DORA-INIT": "2026-03-05T11:00"}
    put(incident, row, "aware_at", None)
    assert clocks_of(incident, row) == {"DORA-INIT": "2026-03-05T09:41"}


def test_what_is_met_stays_as_it_was_met(incident, bound, put):
    bound(None, "DORA")
    put(incident, None, "classified_major_at", MAJOR)
    put(incident, None, "initial_submitted_at", SENT)
    put(incident, None, "classified_major_at", at("2026-03-04T08:00"))
    row = RegulatoryClock.objects.get(incident=incident, rule__key="DORA-INIT")
    assert (row.anchor_at, row.due_at, row.met_at) == (MAJOR, at("2026-03-04T15:00"), SENT)
    assert row.state(at("2026-04-04T00:00")) == State.MET
    assert clocks_of(incident) == {"DORA-INTERM": "2026-03-07T13:00"}


def test_a_submission_is_the_next_clocks_anchor_and_its_correction_moves_it(incident, bound, put):
    bound(None, "DORA")
    put(incident, None, "classified_major_at", MAJOR)
    put(incident, None, "initial_submitted_at", SENT)
    put(incident, None, "initial_submitted_at", at("2026-03-04T15:01"))
    assert clocks_of(incident) == {"DORA-INTERM": "2026-03-07T15:01"}
    row = RegulatoryClock.objects.get(incident=incident, rule__key="DORA-INIT")
    assert (row.met_at, row.state(NOW)) == (at("2026-03-04T15:01"), State.LATE)
    put(incident, None, "initial_submitted_at", None)
    assert clocks_of(incident) == {"DORA-INIT": "2026-03-04T15:00"}
    assert said(incident)[-1] == (
        "Our firm: Initial notification sent (DORA) taken back (was 4 Mar 2026 15:01 UTC). "
        "DORA-INIT is open again, since its submission is taken back. "
        "DORA-INTERM no longer runs, since what it counted from is taken back."
    )


def test_the_final_report_moves_with_an_updated_intermediate_one(incident, bound, put, people):
    bound(None, "DORA")
    put(incident, None, "classified_major_at", MAJOR)
    put(incident, None, "initial_submitted_at", SENT)
    put(incident, None, "intermediate_submitted_at", at("2026-03-05T10:00"))
    assert clocks_of(incident) == {"DORA-FINAL": "2026-04-05T10:00"}
    response.record_recovery(
        incident_id=incident.pk,
        recovered_at=at("2026-03-10T10:00"),
        by=people.actor("commander"),
        at=at("2026-03-10T10:05"),
    )
    assert clocks_of(incident) == {
        "DORA-INTERM-UPD": "2026-03-10T10:00",  # due now
        "DORA-FINAL": "2026-04-05T10:00",
    }
    assert said(incident)[-1] == "Our firm: DORA-INTERM-UPD is due now."
    put(incident, None, "updated_intermediate_submitted_at", at("2026-03-11T10:00"))
    assert clocks_of(incident) == {"DORA-FINAL": "2026-04-11T10:00"}


def test_days_are_those_of_the_partners_member_state(incident, bound, involve, put, helix):
    """Ascension Day is a Thursday; the calendar's file makes its Friday a holiday too."""
    calendar = HolidayCalendar.objects.create(name="Berlin", place="DE-BE")
    Holiday.objects.create(calendar=calendar, day=date(2026, 5, 15), name="Bridge day")
    bound(helix, "DORA", zone="Europe/Berlin", holidays=calendar)
    row = involve(incident, helix)
    put(incident, row, "classified_major_at", at("2026-05-14T10:00"))
    assert clocks_of(incident, row) == {"DORA-INIT": "2026-05-18T10:00"}
    bound(helix, "DORA", zone="Europe/Berlin", holidays=calendar, entities=["credit"])
    put(incident, row, "classified_major_at", at("2026-05-14T10:01"))
    assert clocks_of(incident, row) == {"DORA-INIT": "2026-05-14T14:01"}


def test_without_a_zone_no_weekend_gives_more_time(incident, bound, involve, put, helix):
    bound(helix, "DORA", zone="")
    row = involve(incident, helix)
    put(incident, row, "classified_major_at", at("2026-03-07T10:00"))
    assert clocks_of(incident, row) == {"DORA-INIT": "2026-03-07T14:00"}


def test_what_we_owe_to_a_partner_is_a_clock_of_that_partner_alone(
    incident, bound, involve, put, helix, norrbank
):
    for whom in (None, helix, norrbank):
        bound(whom, "GDPR")
    rows = [None, involve(incident, helix), involve(incident, norrbank)]
    put(incident, rows[1], "partner_data_breach_at", MAJOR)
    found = [clocks_of(incident, row) for row in rows]
    assert found == [{}, {"GDPR-33-2": "2026-03-05T11:00"}, {}]


def test_a_clock_whose_regime_was_switched_off_runs_on(incident, bound, put):
    bound(None, "DORA")
    put(incident, None, "classified_major_at", MAJOR)
    Regime.objects.update(is_on=False)
    put(incident, None, "classified_major_at", at("2026-03-04T10:00"))
    assert clocks_of(incident) == {"DORA-INIT": "2026-03-04T14:00"}


def test_a_time_of_the_incident_is_corrected_there(incident, put):
    with pytest.raises(InvalidInput, match="“Aware” is a time of the incident"):
        put(incident, None, "aware_at", MAJOR)


@pytest.mark.parametrize("moment", [at("2026-03-06T10:00"), date(2026, 3, 6)])
def test_what_has_not_come_yet_is_refused(incident, put, moment):
    with pytest.raises(InvalidInput, match="A time lies in the future"):
        put(incident, None, "classified_major_at", moment, when=at("2026-03-05T10:00"))


@pytest.mark.parametrize("moment", [at("0001-01-01T00:00"), date(1989, 12, 31)])
def test_a_year_that_cannot_be_is_refused(incident, put, moment):
    with pytest.raises(InvalidInput, match="Nothing told here happened before 1990"):
        put(incident, None, "classified_major_at", moment)


def test_an_unknown_time_is_refused(incident, put):
    with pytest.raises(InvalidInput, match="There is no such time"):
        put(incident, None, "closed_at", MAJOR)


def test_the_same_twice_is_told(incident, put):
    put(incident, None, "classified_major_at", MAJOR)
    with pytest.raises(Conflict, match="This is what stands there already"):
        put(incident, None, "classified_major_at", MAJOR)
    assert Anchor.objects.count() == 1


def test_the_times_of_a_party_are_only_added_to(incident, put):
    put(incident, None, "classified_major_at", MAJOR)
    for change in (lambda rows: rows.update(value=SENT), lambda rows: rows.delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            change(Anchor.objects.all())


def test_a_responder_records_no_time(incident, people):
    with pytest.raises(NotAllowed):
        outcomes.record_anchor(
            incident_id=incident.pk,
            name="classified_major_at",
            moment=MAJOR,
            by=people.actor("responder"),
            at=SENT,
        )


def test_clocks_follow_a_partner_into_the_incident_that_goes_on_and_its_times(
    incident, declare, bound, involve, put, helix, people
):
    bound(helix, "DORA")
    row, by = involve(incident, helix), people.actor("commander")
    put(incident, row, "classified_major_at", at("2026-03-05T09:00"))
    assert clocks_of(incident, row) == {"DORA-INIT": "2026-03-05T09:41"}  # 24 h after aware
    other = declare(title="The same", aware_at=at("2026-03-04T09:50"))
    workflow.dismiss(
        incident_id=incident.pk,
        reason="One cause.",
        duplicate_of=other.reference,
        by=by,
        at=at("2026-03-05T10:30"),
    )
    row.refresh_from_db()
    assert clocks_of(incident, row) == {}
    assert clocks_of(other, row) == {"DORA-INIT": "2026-03-05T09:50"}
    evaluation.correct_time(
        incident_id=other.pk,
        name="aware_at",
        value=at("2026-03-04T10:00"),
        reason="The call came then.",
        by=by,
        at=at("2026-03-05T12:00"),
    )
    assert clocks_of(other, row) == {"DORA-INIT": "2026-03-05T10:00"}
    put(other, row, "classified_major_at", at("2026-03-04T10:00"))
    assert clocks_of(other, row) == {"DORA-INIT": "2026-03-04T14:00"}


def test_the_database_keeps_an_outcome_whole(incident, bound, put):
    bound(None, "DORA")
    put(incident, None, "classified_major_at", MAJOR)
    rows = RegulatoryClock.objects.filter(incident=incident)
    for change in (
        {"outcome": "submitted"},
        {"outcome": "not_sent", "recorded_at": SENT},
        {"met_at": SENT},
        {"anchor_at": None},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(**change)


def test_put_answers_whether_anything_changed(incident, people):
    by = people.actor("commander")
    with transaction.atomic():
        found = [
            anchors.put(incident, None, "classified_major_at", MAJOR, by=by, at=SENT)
            for _ in range(2)
        ]
    assert found == [True, False]
