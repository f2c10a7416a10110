"""What each partner was promised: its notice by contract, the next update, and the warnings."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from cases import (
    audience,
    crew,
    deciding,
    disclosure,
    evaluation,
    notices,
    promises,
    response,
    warning,
    workflow,
)
from cases.models import Deadline, Incident, Involvement, Target
from incidentdesk.kernel.models import User
from notifications.models import Message
from partners.models import Partner, Terms
from tests.conftest import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_partners_clocks_only")]
MINUTE = timedelta(minutes=1)


@pytest.fixture
def _partners_clocks_only(db):
    """What the desk owes itself stands in test_warning."""
    Target.objects.all().delete()


@pytest.fixture
def involve(people):
    """`involve(incident, helix, severity=1)`: the partner is affected."""

    def call(incident, partner, *, severity=2, at=NOW) -> Involvement:
        return disclosure.add_partner(
            incident_id=incident.pk,
            partner_id=partner.pk,
            title="Delayed quotes",
            meaning="Use EU-1.",
            severity=severity,
            by=people.actor("communications"),
            at=at,
        )

    return call


@pytest.fixture
def tell(people):
    """`tell(row, at, next_update_at=…)`: a notice to one partner, drafted, approved and sent."""

    def call(row, at, **said):
        step = {"by": people.actor("communications"), "at": at}
        notice = notices.draft(
            incident_id=row.incident_id,
            kind="update" if audience.begun([row]) else "first",
            body="Late.",
            involvement_ids=[row.pk],
            **said,
            **step,
        )
        notices.approve(notice_id=notice.pk, by=people.actor("approver"), at=at)
        return notices.send(notice_id=notice.pk, **step)

    return call


def clock(row, kind="partner_notice") -> Deadline | None:
    return Deadline.objects.filter(involvement=row, kind=kind).first()


# --- contract terms -------------------------------------------------------------------------------


def test_every_partner_has_terms_with_the_defaults_of_the_framework(helix):
    terms = helix.terms
    spans = [terms.notice_within(severity) for severity in (1, 2, 3, 4)]
    assert spans == [60 * MINUTE, 120 * MINUTE, 240 * MINUTE, None]
    assert (terms.facts_initial_hours, terms.facts_interim_hours, terms.facts_final_days) == (
        3,
        48,
        20,
    )
    assert (terms.mail_carries, terms.acknowledge_minutes, terms.regimes) == ("text", 60, [])
    assert Terms.objects.count() == Partner.objects.count()


def test_terms_that_leave_no_time_are_refused(helix):
    for forged in ({"notice_sev1": 0}, {"acknowledge_minutes": 0}):
        with pytest.raises(IntegrityError, match="terms_leave_time"), transaction.atomic():
            Terms.objects.update(**forged)


# --- the notice by contract -----------------------------------------------------------------------


@pytest.mark.parametrize(("severity", "minutes"), [(1, 30), (2, 120), (3, 240), (4, None)])
def test_each_partner_has_its_own_clock_from_its_own_terms(
    declare, involve, helix, norrbank, severity, minutes
):
    Terms.objects.filter(partner=helix).update(notice_sev1=30)
    incident = declare()
    row = involve(incident, helix, severity=severity, at=NOW + 10 * MINUTE)
    other = involve(incident, norrbank, severity=1)
    found = clock(row)
    assert (found and (found.anchor_at, found.due_at)) == (
        minutes and (NOW, NOW + minutes * MINUTE)
    )
    assert clock(other).due_at == NOW + 60 * MINUTE


def test_the_clock_follows_the_severity_for_the_partner_and_the_time_of_detection(
    declare, involve, helix, people
):
    incident = declare()
    row = involve(incident, helix)
    disclosure.edit_involvement(
        incident_id=incident.pk,
        involvement_id=row.pk,
        title="x",
        meaning="x",
        severity=1,
        by=people.actor("communications"),
        at=NOW,
    )
    assert clock(row).due_at == NOW + 60 * MINUTE
    evaluation.correct_time(
        incident_id=incident.pk,
        name="detected_at",
        value=NOW - 5 * MINUTE,
        reason="The monitor's clock.",
        by=people.actor("responder"),
        at=NOW,
    )
    assert clock(row).due_at == NOW + 55 * MINUTE
    disclosure.edit_involvement(
        incident_id=incident.pk,
        involvement_id=row.pk,
        title="x",
        meaning="x",
        severity=4,
        by=people.actor("communications"),
        at=NOW,
    )
    assert clock(row) is None


@pytest.mark.parametrize(("after", "is_late"), [(120 * MINUTE, False), (121 * MINUTE, True)])
def test_sending_meets_it_late_or_on_time_and_that_stays(
    declare, involve, tell, helix, norrbank, after, is_late
):
    incident = declare()
    row, other = involve(incident, helix), involve(incident, norrbank)
    tell(row, NOW + after)
    assert (clock(row).met_at, clock(row).is_late) == (NOW + after, is_late)
    assert clock(other).met_at is None
    tell(row, NOW + 300 * MINUTE)
    assert clock(row).met_at == NOW + after


def test_who_is_not_to_be_told_has_no_clock_until_that_is_decided_otherwise(
    declare, involve, helix, people
):
    incident = declare()
    row = involve(incident, helix)
    step = {"incident_id": incident.pk, "involvement_ids": [row.pk], "reason": "x", "at": NOW}
    for choice, is_dropped in (("not", True), ("notify", False)):
        deciding.decide(**step, choice=choice, by=people.actor("commander"))
        assert clock(row).is_dropped is is_dropped
    workflow.dismiss(
        incident_id=incident.pk, reason="A test.", by=people.actor("commander"), at=NOW
    )
    assert clock(row).is_dropped


def test_of_an_incident_that_was_dismissed_no_report_of_the_cause_is_owed(
    declare, involve, helix, people
):
    Target.objects.create(
        severity=1,
        kind="root_cause_report",
        anchor="recovered_at",
        amount=10,
        counting="business_days",
    )
    incident, by = declare(), people.actor("commander")
    row = involve(incident, helix, severity=3)
    response.record_recovery(incident_id=incident.pk, recovered_at=NOW, by=by, at=NOW)
    workflow.dismiss(incident_id=incident.pk, reason="A test.", by=by, at=NOW)

    disclosure.edit_involvement(
        incident_id=incident.pk,
        involvement_id=row.pk,
        title="x",
        meaning="x",
        severity=1,
        by=people.actor("communications"),
        at=NOW,
    )

    assert clock(row, "root_cause_report").is_dropped


def test_a_partner_that_follows_a_duplicate_keeps_its_clock(declare, involve, helix, people):
    duplicate, other = declare(), declare()
    row = involve(duplicate, helix)
    workflow.dismiss(
        incident_id=duplicate.pk,
        reason="The same.",
        duplicate_of=other.reference,
        by=people.actor("commander"),
        at=NOW,
    )
    assert (clock(row).incident_id, clock(row).is_dropped) == (other.pk, False)


def test_the_database_keeps_one_clock_a_partner_and_kind(declare, involve, helix):
    incident = declare()
    row = involve(incident, helix)
    for forged in (
        {"kind": "partner_notice", "involvement": row},
        {"kind": "contain", "involvement": row},
        {"kind": "partner_notice"},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Deadline.objects.create(incident=incident, anchor_at=NOW, due_at=NOW, **forged)


# --- the promised update --------------------------------------------------------------------------


def test_a_promised_update_is_a_deadline_that_the_next_notice_meets(declare, involve, tell, helix):
    row = involve(declare(), helix)
    tell(row, NOW, next_update_at=NOW + 60 * MINUTE)
    promised = clock(row, "next_update")
    assert (promised.anchor_at, promised.due_at, promised.met_at) == (
        NOW,
        NOW + 60 * MINUTE,
        None,
    )
    tell(row, NOW + 50 * MINUTE, next_update_at=NOW + 90 * MINUTE)
    assert (clock(row, "next_update").due_at, clock(row, "next_update").met_at) == (
        NOW + 90 * MINUTE,
        None,
    )
    tell(row, NOW + 95 * MINUTE)
    assert (clock(row, "next_update").met_at, clock(row, "next_update").is_late) == (
        NOW + 95 * MINUTE,
        True,
    )


# --- warnings -------------------------------------------------------------------------------------


def warned() -> list[tuple[str, str]]:
    rows = Message.objects.filter(kind="deadline").order_by("id")
    return [(row.to_address, row.subject) for row in rows]


def test_the_crew_is_warned_at_each_stage_once_and_when_it_is_late(declare, involve, helix, people):
    incident = declare()
    involve(incident, helix)
    workflow.take_command(incident_id=incident.pk, by=people.actor("commander"), at=NOW)
    said = []
    for minutes in (59, 60, 61, 90, 91, 108, 119, 120, 500):
        warning.warn(at=NOW + minutes * MINUTE)
        warning.warn(at=NOW + minutes * MINUTE)
        said.append((minutes, len(warned())))
    assert said == [
        (59, 0),
        (60, 2),
        (61, 2),
        (90, 4),
        (91, 4),
        (108, 6),
        (119, 6),
        (120, 8),
        (500, 8),
    ]
    assert {address for address, _ in warned()} == {
        "commander@desk.test",
        "communications@desk.test",
    }
    name = f"{incident.reference}: Notice by contract to Helix Markets"
    assert [subject for _, subject in warned()][::2] == [
        f"{name} due in 1 h",
        f"{name} due in 30 min",
        f"{name} due in 12 min",
        f"{name} is late",
    ]


def test_after_a_standstill_only_the_last_stage_is_told(declare, involve, helix):
    involve(declare(), helix)
    assert warning.warn(at=NOW + 110 * MINUTE) == 1
    (only,) = warned()
    assert only[1].endswith("due in 10 min")


def test_what_was_sent_dropped_or_is_over_warns_nobody(
    declare, involve, tell, helix, norrbank, people
):
    first, second = declare(), declare()
    tell(involve(first, helix), NOW)
    row = involve(first, norrbank)
    deciding.decide(
        incident_id=first.pk,
        involvement_ids=[row.pk],
        choice="not",
        reason="x",
        by=people.actor("commander"),
        at=NOW,
    )
    involve(second, helix)
    workflow.dismiss(incident_id=second.pk, reason="x", by=people.actor("commander"), at=NOW)
    assert (warning.warn(at=NOW + 500 * MINUTE), warned()) == (0, [])


def test_who_does_the_communications_is_told_instead_of_all_whose_role_it_is(
    declare, involve, helix, people
):
    User.objects.create_user("night@desk.test", name="Noor", roles=["communications"])
    incident = declare()
    involve(incident, helix)
    crew.assign(
        incident_id=incident.pk,
        role="communications",
        user_id=people["communications"].pk,
        by=people.actor("commander"),
        at=NOW,
    )
    assert [person.email for person in warning.crew_of(Incident.objects.get())] == [
        "communications@desk.test",
        "night@desk.test",
    ]
    offer = incident.assignments.get(role="communications")
    crew.accept(assignment_id=offer.pk, by=people.actor("communications"), at=NOW)
    assert [person.email for person in warning.crew_of(Incident.objects.get())] == [
        "communications@desk.test"
    ]


def test_of_a_restricted_incident_a_warning_names_nothing_and_reaches_who_is_let_in(
    declare, involve, helix, people
):
    incident = declare(is_restricted=True)
    Incident.objects.update(commander=people["commander"])
    Involvement.objects.bulk_create(
        [
            Involvement(
                incident=incident,
                partner=helix,
                title="x",
                meaning="x",
                severity=1,
                phase=incident.phase,
                added_at=NOW,
            )
        ]
    )
    promises.reset(incident)
    warning.warn(at=NOW + 50 * MINUTE)
    assert warned() == [("commander@desk.test", "Restricted: Notice by contract due in 10 min")]


def test_an_exercise_that_pages_nobody_warns_nobody(declare, involve, helix):
    involve(declare(is_exercise=True, exercise_tells=True), helix)
    assert (warning.warn(at=NOW + 90 * MINUTE), warned()) == (0, [])


# --- the page for an approver ---------------------------------------------------------------------


def paged() -> list[tuple[str, str]]:
    rows = Message.objects.filter(is_page=True, dedupe_key__contains=":notice:").order_by("id")
    return [(row.to_address, row.body_text) for row in rows]


def test_a_notice_that_waits_pages_who_approves_and_an_edit_of_it_does_not_again(
    declare, involve, helix, people
):
    row = involve(declare(), helix)
    step = {"by": people.actor("communications"), "at": NOW}
    notice = notices.draft(
        incident_id=row.incident_id,
        kind="first",
        body="Late.",
        involvement_ids=[row.pk],
        **step,
    )
    ((address, text),) = paged()
    assert address == "approver@desk.test"
    assert "A first notice waits for approval." in text
    assert f"/admin/cases/notice/{notice.pk}/change/" in text
    again = notices.edit(notice_id=notice.pk, body="Later.", **step)
    assert len(paged()) == 1
    notices.approve(notice_id=again.pk, by=people.actor("approver"), at=NOW)
    notices.edit(notice_id=again.pk, body="Latest.", **step)
    assert len(paged()) == 2


def test_who_wrote_it_is_not_paged_to_approve_it_but_who_else_may(declare, involve, helix, people):
    people["approver"].roles = ["approver", "communications"]
    people["approver"].save()
    row = involve(declare(), helix)
    notices.draft(
        incident_id=row.incident_id,
        kind="first",
        body="Late.",
        involvement_ids=[row.pk],
        by=people.actor("approver"),
        at=NOW,
    )
    assert [to for to, _ in paged()] == ["security@desk.test"]
