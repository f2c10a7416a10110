"""Two people at once, and numbers that stay unique and in order whoever asks first."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import transaction

from cases import notices, tasks, timeline, workflow
from cases.intake import reports
from cases.models import Incident, Involvement, Move, Report
from incidentdesk.kernel.errors import Conflict
from notifications.models import Escalation, Message
from partners import directory
from tests.conftest import NOW, as_owner

pytestmark = pytest.mark.django_db(transaction=True)


def _parted(answers: list[Any]) -> tuple[list[Any], list[Exception]]:
    """What succeeded, and what was raised."""
    raised = [answer for answer in answers if isinstance(answer, Exception)]
    return [a for a in answers if not isinstance(a, Exception)], raised


# --- one click wins -------------------------------------------------------------------------------


def test_of_four_clicks_on_the_same_move_one_moves_it(declare, walk, people, at_once):
    incident = declare()
    walk(incident).ready_for_containment()
    by = people.actor("commander")

    def click() -> Incident:
        return workflow.begin_containment(incident_id=incident.pk, by=by, at=NOW)

    moved, raised = _parted(at_once([click] * 4))
    assert (len(moved), [type(e) for e in raised]) == (1, [Conflict] * 3)
    assert {str(e) for e in raised} == {
        "INC-2026-0001 is in Containment by now, not in Identification; look at the page again. "
        "Incident commander moved it to Containment at 09:41 on 4 Mar."
    }
    assert [m.to_phase for m in Move.objects.all()] == ["identification", "containment"]
    assert timeline.first_fault(incident) is None


def test_a_move_and_a_dismissal_at_once_do_not_both_happen(declare, walk, people, at_once):
    incident = declare()
    walk(incident).ready_for_containment()
    step = {"incident_id": incident.pk, "by": people.actor("commander"), "at": NOW}
    answers = at_once(
        [
            lambda: workflow.begin_containment(**step),
            lambda: workflow.dismiss(**step, reason="A test feed."),
        ]
    )
    _, raised = _parted(answers)
    phases = [m.to_phase for m in Move.objects.all()]
    # Either order is fine: one after the other, or the move comes too late.
    assert phases in (
        ["identification", "containment", "dismissed"],
        ["identification", "dismissed"],
    )
    assert len(raised) == 3 - len(phases)
    assert Incident.objects.get().phase == "dismissed"


@pytest.mark.fault("F25", "many at once, on the incident")
def test_of_many_who_acknowledge_at_once_one_is_the_first(declare, people, at_once):
    incident = declare()
    by = [people.actor(key) for key in ("responder", "commander", "security", "administrator")]

    def acknowledge(who: Any) -> Callable[[], bool]:
        return lambda: workflow.acknowledge(incident_id=incident.pk, by=who, at=NOW)

    answers = at_once([acknowledge(who) for who in by])
    assert sorted(answers) == [False, False, False, True]
    row = Incident.objects.get()
    assert row.acknowledged_by_id == by[answers.index(True)].user_id
    ladder = Escalation.objects.get()
    assert (ladder.state, ladder.acknowledged_by_user_id) == (
        "acknowledged",
        row.acknowledged_by_id,
    )


@pytest.mark.asvs("2.3.4", 10)
def test_of_two_who_approve_one_does_and_the_notice_is_sent_once(declare, walk, people, at_once):
    incident = declare()
    walk(incident).ready_for_containment()
    comms = people.actor("communications")
    notice = notices.draft(
        incident_id=incident.pk,
        kind="first",
        body="Quotes were delayed.",
        involvement_ids=[Involvement.objects.get().pk],
        by=comms,
        at=NOW,
    )

    def approve(key: str) -> Callable[[], Any]:
        return lambda: notices.approve(notice_id=notice.pk, by=people.actor(key), at=NOW)

    approved, raised = _parted(at_once([approve("approver"), approve("security")]))
    assert (len(approved), [str(e) for e in raised]) == (
        1,
        ["This notice is approved already."],
    )
    send = lambda: notices.send(notice_id=notice.pk, by=comms, at=NOW)  # noqa: E731
    sent, raised = _parted(at_once([send] * 3))
    assert (len(sent), [str(e) for e in raised]) == (1, ["This notice is sent already."] * 2)
    assert Message.objects.filter(kind="notice").count() == 1


def test_of_two_who_end_the_same_task_one_does(incident_in, people, at_once):
    incident = incident_in("containment")
    task = incident.tasks.filter(phase="containment").first()
    step = {"incident_id": incident.pk, "task_ids": [task.pk], "at": NOW, "state": "done"}

    def end(key: str) -> Callable[[], int]:
        return lambda: tasks.end(**step, note=key, by=people.actor(key))

    ended, raised = _parted(at_once([end("responder"), end("commander")]))
    assert (ended, [type(e) for e in raised]) == ([1], [Conflict])


def test_two_reports_of_one_partner_are_attached_at_once(declare, people, helix, at_once):
    incident = declare()
    told = [
        reports.report(
            title=title,
            description="x",
            noticed_at=NOW,
            by=people.contact("helix", helix),
            at=NOW,
        )
        for title in ("Late quotes", "Wrong quotes")
    ]
    reference = Incident.objects.get().reference
    by = people.actor("commander")

    def attach(made: Report) -> Callable[[], Incident]:
        said = {"report_id": made.pk, "reference": reference, "shown_severity": 3}
        return lambda: reports.attach(**said, by=by, at=NOW)

    assert at_once([attach(made) for made in told]) == [incident, incident]
    assert Involvement.objects.get().reference == "HELIX-2026-0001"


# --- numbers --------------------------------------------------------------------------------------


def _opening(at: datetime) -> workflow.Opening:
    return workflow.Opening(
        title="Stale prices", detection="staff", detected_by="staff", detected_at=at
    )


def test_eight_that_open_at_once_in_a_new_year_get_eight_references_from_one_on(people, at_once):
    at = datetime(2031, 1, 1, 0, 0, 1, tzinfo=UTC)
    by = people.actor("responder")

    def open_three() -> list[Incident]:
        return [workflow.open_incident(opening=_opening(at), by=by, at=at) for _ in range(3)]

    opened = [incident for made in at_once([open_three] * 8) for incident in made]
    references = Incident.objects.filter(pk__in=[i.pk for i in opened]).values_list(
        "reference", flat=True
    )
    assert sorted(references) == [f"INC-2031-{n:04d}" for n in range(1, 25)]


def test_a_person_s_references_go_up_and_a_new_year_begins_at_one(people):
    by = people.actor("responder")
    moments = [
        datetime(2029, 12, 31, 23, 59, 59, tzinfo=UTC),
        datetime(2029, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(2030, 1, 1, 0, 0, tzinfo=UTC),
        datetime(2029, 12, 31, 22, 0, tzinfo=UTC),
        datetime(2030, 6, 1, tzinfo=UTC),
    ]
    made = [workflow.open_incident(opening=_opening(at), by=by, at=at).pk for at in moments]
    found = dict(Incident.objects.values_list("pk", "reference"))
    assert [found[pk] for pk in made] == [
        "INC-2029-0001",
        "INC-2029-0002",
        "INC-2030-0001",
        "INC-2029-0003",
        "INC-2030-0002",
    ]


def test_the_ten_thousandth_of_a_year_has_five_digits(people):
    at, by = datetime(2032, 2, 29, tzinfo=UTC), people.actor("responder")
    workflow.open_incident(opening=_opening(at), by=by, at=at)
    with as_owner() as cursor:
        cursor.execute("SELECT setval('cases_reference_2032', 9998)")
    for _ in range(3):
        workflow.open_incident(opening=_opening(at), by=by, at=at)
    assert list(Incident.objects.order_by("pk").values_list("reference", flat=True)) == [
        "INC-2032-0001",
        "INC-2032-9999",
        "INC-2032-10000",
        "INC-2032-10001",
    ]


def test_an_opening_that_was_rolled_back_leaves_a_gap_and_no_double(declare, people):
    first = declare()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        _ = declare().pk / 0
    third = declare()
    references = {i.pk: i.reference for i in Incident.objects.all()}
    assert references == {first.pk: "INC-2026-0001", third.pk: "INC-2026-0003"}


def test_opening_does_not_wait_for_somebody_who_is_still_opening(declare, people, at_once):
    """A counter in a row would make the second wait for the first one's commit."""
    declare()
    by, opened = people.actor("responder"), []

    def open_and_wait() -> None:
        with transaction.atomic():
            workflow.open_incident(opening=_opening(NOW), by=by, at=NOW)
            at_once([lambda: opened.append(declare(title="Meanwhile"))])
            assert len(opened) == 1

    assert at_once([open_and_wait]) == [None]
    assert Incident.objects.count() == 3


def test_a_partner_s_own_references_have_no_gap_and_no_double(helix, norrbank, at_once):
    def take() -> list[str]:
        with transaction.atomic():
            return [directory.next_reference(helix, kind="incident", year=2026) for _ in range(3)]

    def give_up() -> None:
        with transaction.atomic():
            directory.next_reference(helix, kind="incident", year=2026)
            raise ZeroDivisionError

    answers = at_once([take, give_up, take, give_up, take])
    taken = [reference for answer in answers if isinstance(answer, list) for reference in answer]
    assert sorted(taken) == [f"HELIX-2026-{n:04d}" for n in range(1, 10)]
    with transaction.atomic():
        assert directory.next_reference(norrbank, kind="incident", year=2026) == "NORR-2026-0001"
        assert directory.next_reference(helix, kind="report", year=2026) == "HELIX-REP-2026-0001"
        assert directory.next_reference(helix, kind="incident", year=2027) == "HELIX-2027-0001"
