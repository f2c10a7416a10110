"""Draft → in review → approved, or back: who is told, what stays, and who may not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, InternalError, transaction

from cases import owed
from cases import workflow as case
from cases.models import Assignment, Incident
from incidentdesk.kernel.errors import Conflict, GateNotMet, InvalidInput, NotAllowed
from notifications.models import Message
from reviews import actions, approval, workflow
from reviews.models import PreventiveAction, Review
from tests.conftest import People
from tests.reviews.conftest import LATER, Steps

pytestmark = pytest.mark.django_db
DUE = LATER + timedelta(days=4)  # two working days: a Thursday to Monday


def bodies(review: Review, number: int = 1) -> list[str]:
    """The newest lines of the timeline."""
    entries = Incident.objects.get(pk=review.incident_id).entries.order_by("-sequence")
    return [row.body for row in entries[:number]]


def mails(subject: str = "") -> list[tuple[str, str]]:
    """To whom and what, without the reference."""
    rows = Message.objects.filter(kind="deadline", subject__contains=subject).order_by("pk")
    return [(row.to_address, row.subject.partition(": ")[2]) for row in rows]


def test_who_approves_is_told_once_and_reminded_and_then_no_more(steps: Steps) -> None:
    steps.everything()
    steps.ask()

    asked = [("approver@desk.test", "Approval of the review due in 4 d")]
    assert mails("Approval") == asked
    with pytest.raises(Conflict, match="is with its approvers and stays as it is"):
        steps.ask()
    found = [approval.remind(at=LATER + (DUE - LATER) * share) for share in (0.4, 0.5, 0.5, 1, 1)]
    assert found == [0, 1, 0, 1, 0]
    assert mails("Approval")[1:] == [
        ("approver@desk.test", "Approval of the review due in 2 d"),
        ("approver@desk.test", "Approval of the review is late"),
    ]
    steps.finish()
    assert approval.remind(at=LATER + timedelta(days=30)) == 0


def test_a_severity_that_rises_while_its_commander_leads_the_review_stops_no_reminder(
    review: Review, steps: Steps, people: People
) -> None:
    Incident.objects.filter(pk=review.incident_id).update(severity=3)
    steps.everything()
    Review.objects.filter(pk=review.pk).update(facilitator=people["commander"])
    steps.ask()
    Incident.objects.filter(pk=review.incident_id).update(severity=2)

    assert approval.remind(at=LATER + (DUE - LATER) / 2) == 1
    with pytest.raises(IntegrityError, match="does not lead its review"), transaction.atomic():
        Review.objects.filter(pk=review.pk).update(
            state="approved", approved_at=LATER, approved_by=people["approver"]
        )


def test_nothing_is_asked_for_before_it_is_complete(review: Review, steps: Steps) -> None:
    steps.everything(but="lesson")

    with pytest.raises(GateNotMet, match="Asking for approval has to wait: no lesson"):
        steps.ask()

    found = Review.objects.get()
    assert (found.state, found.asked_at, mails("Approval")) == ("draft", None, [])


def test_a_draft_is_not_approved(review: Review, steps: Steps, people: People) -> None:
    steps.everything()

    with pytest.raises(Conflict, match="somebody who wrote it has to ask for approval"):
        workflow.finish(review_id=review.pk, by=people.actor("approver"), at=LATER)


def test_while_it_is_in_review_nothing_of_it_changes(
    review: Review, steps: Steps, people: People
) -> None:
    steps.everything()
    steps.ask()
    before = bodies(review)
    calls: list[Callable[[], object]] = [
        steps.root_cause,
        steps.control,
        steps.action,
        steps.document,
        steps.lesson,
        steps.why,
        lambda: workflow.write_for_partners(
            review_id=review.pk,
            words=workflow.ForPartners(partner_cause="A lock."),
            by=people.actor("responder"),
            at=LATER,
        ),
    ]
    for call in calls:
        with pytest.raises(Conflict, match="one of them can send it back"):
            call()
    assert bodies(review) == before
    for change in (
        {"root_cause": "Other."},
        {"luck": "Other."},
        {"partner_cause": "Other."},
        {"method": "fault_tree"},
        {"facilitator": None},
        {"no_documents_reason": "Other."},
    ):
        with pytest.raises(InternalError, match="Cannot update"), transaction.atomic():
            Review.objects.update(**change)


def test_it_is_sent_back_with_a_reason_and_asked_for_again(
    review: Review, steps: Steps, people: People
) -> None:
    steps.everything()
    steps.ask()
    who: dict[str, Any] = {"review_id": review.pk, "by": people.actor("approver"), "at": LATER}
    with pytest.raises(InvalidInput, match="Say what has to change"):
        approval.send_back(**who, reason=" ")

    approval.send_back(**who, reason="Say why no alert came.")

    found = Review.objects.get()
    assert (found.state, found.asked_by, found.remind_at) == ("draft", None, None)
    assert found.sent_back_reason == "Say why no alert came."
    assert bodies(review) == ["Review sent back: Say why no alert came."]
    assert mails("sent back") == [
        ("responder@desk.test", "The review that was sent back due in 4 d")
    ]
    with pytest.raises(Conflict, match="Nobody asks for an approval"):
        approval.send_back(**who, reason="Again.")
    steps.root_cause()
    steps.ask(at=LATER + timedelta(hours=1))
    assert Review.objects.get().sent_back_reason == ""
    assert len(mails("Approval")) == 2


@pytest.mark.parametrize("role", ["responder", "commander", "communications", "auditor"])
def test_who_may_not_approve_sends_nothing_back(steps: Steps, people: People, role: str) -> None:
    steps.everything()
    steps.ask()

    with pytest.raises(NotAllowed, match="may not approve a review"):
        approval.send_back(review_id=steps.id, reason="No.", by=people.actor(role), at=LATER)


def test_whoever_commanded_is_not_asked_and_does_not_approve(
    review: Review, steps: Steps, people: People
) -> None:
    """Also who held the command by an assignment alone."""
    steps.everything()
    for key in ("approver", "security"):
        people[key].roles = ["approver", "commander"]
        people[key].save()
    Assignment.objects.create(
        incident=review.incident,
        role="commander",
        user=people["approver"],
        offered_at=LATER,
        accepted_at=LATER,
        ended_at=LATER,
    )
    steps.ask()

    assert [address for address, _ in mails("Approval")] == ["security@desk.test"]
    with pytest.raises(InvalidInput, match="You commanded this incident"):
        steps.finish("approver")
    approved = {"state": "approved", "approved_at": LATER, "approved_by": people["approver"]}
    with pytest.raises(IntegrityError, match="nobody who commanded"), transaction.atomic():
        Review.objects.update(**approved, commander=people["commander"])
    Assignment.objects.filter(user=people["approver"]).delete()
    Incident.objects.update(commanded_by=[people["commander"].pk, people["approver"].pk])
    with pytest.raises(IntegrityError, match="nobody who commanded"), transaction.atomic():
        Review.objects.update(**approved, commander=people["commander"])


def test_where_nobody_can_approve_the_timeline_and_the_commander_are_told(
    review: Review, steps: Steps, people: People
) -> None:
    steps.everything()
    people["approver"].roles = ["commander"]
    people["approver"].save()
    people["security"].roles = ["commander"]
    people["security"].save()

    steps.ask()

    assert bodies(review) == [approval.NOBODY]
    assert [address for address, _ in mails("Approval")] == ["commander@desk.test"]


def test_of_a_restricted_incident_only_who_is_let_in_is_told_and_nothing_is_named(
    review: Review, steps: Steps, people: People
) -> None:
    steps.everything()
    Incident.objects.update(is_restricted=True, title="Zebra")
    steps.by = people.actor("commander")

    steps.ask()

    assert [address for address, _ in mails("Approval")] == ["commander@desk.test"]
    assert "Zebra" not in Message.objects.latest("pk").body_text


def test_a_drill_that_pages_nobody_has_its_approvers_and_mails_none(
    review: Review, people: People
) -> None:
    review.incident.is_exercise = True  # as it would have been declared

    found = approval.approvers(review)

    assert found == [people["approver"]]
    assert owed.reachable(review.incident, *found) == []


def test_the_commander_of_a_grave_incident_does_not_lead_its_review(
    review: Review, people: People
) -> None:
    who: dict[str, Any] = {
        "review_id": review.pk,
        "findings": workflow.Findings(root_cause="A lock."),
        "by": people.actor("responder"),
        "at": LATER,
    }
    with pytest.raises(InvalidInput, match="somebody else leads the review of a SEV-1 or SEV-2"):
        workflow.write(**who, facilitator_id=people["commander"].pk)
    with pytest.raises(IntegrityError, match="does not lead its review"), transaction.atomic():
        Review.objects.update(facilitator=people["commander"])

    Incident.objects.update(severity=3)
    workflow.write(**who, facilitator_id=people["commander"].pk)
    assert Review.objects.get().facilitator == people["commander"]


def test_a_severity_that_rose_asks_for_another_who_leads(
    review: Review, steps: Steps, people: People
) -> None:
    steps.everything()
    Incident.objects.update(severity=3)
    Review.objects.update(facilitator=people["commander"])
    Incident.objects.update(severity=2)
    Review.objects.update(root_cause="Still written.")  # a draft can go on

    with pytest.raises(GateNotMet, match="no facilitator who does not command"):
        steps.ask()
    with pytest.raises(IntegrityError, match="does not lead its review"), transaction.atomic():
        Review.objects.update(state="in_review", asked_at=LATER, asked_by=people["responder"])


def test_the_database_skips_no_state_and_wants_to_know_who_asked(
    review: Review, people: People
) -> None:
    approved = {"state": "approved", "approved_at": LATER, "approved_by": people["approver"]}
    with pytest.raises(InternalError, match="Invalid transition"), transaction.atomic():
        Review.objects.update(**approved, commander=people["commander"])
    for half in (
        {"state": "in_review"},
        {"state": "in_review", "asked_at": LATER},
        {"asked_at": LATER, "asked_by": people["responder"]},
    ):
        with pytest.raises(IntegrityError, match="asked_for_by_somebody"), transaction.atomic():
            Review.objects.update(**half)


def test_a_review_whose_incident_goes_back_a_phase_is_approved_by_nobody_and_a_draft_again(
    review: Review, steps: Steps, people: People
) -> None:
    steps.everything()
    steps.ask()
    case.step_back(
        incident_id=review.incident_id,
        reason="Too early.",
        by=people.actor("commander"),
        at=LATER,
    )

    with pytest.raises(Conflict, match="went back to Recovery"):
        workflow.finish(review_id=review.pk, by=people.actor("approver"), at=LATER)
    with pytest.raises(Conflict, match="went back to Recovery"):
        approval.send_back(review_id=review.pk, reason="x", by=people.actor("approver"), at=LATER)
    assert approval.remind(at=DUE) == 0


def test_a_sev_3_whose_review_reopened_closes_again_only_by_a_new_approval(
    review: Review, steps: Steps, people: People
) -> None:
    """An outage: no action that prevents and no other facilitator is asked for; then it returns."""
    Incident.objects.update(severity=3)
    steps.root_cause()
    for name in ("contributing_factors", "control", "document", "document_done", "lesson"):
        getattr(steps, name)()
    steps.action("detect")
    steps.finish()
    assert Incident.objects.get().phase == "closed"

    reason = "It came back on the second node."
    by = people.actor("commander")
    case.reopen(incident_id=review.incident_id, reason=reason, by=by, at=LATER)
    workflow.open_missing(at=LATER)
    found = Review.objects.get()
    assert (found.state, found.asked_by, found.approved_by) == ("draft", None, None)
    assert "The review is a draft again: its incident was reopened." in bodies(review, 3)
    with pytest.raises(Conflict, match="has to ask for approval"):
        workflow.finish(review_id=review.pk, by=people.actor("approver"), at=LATER)

    steps.why("The second node was not in the rollout.")
    steps.ask(at=LATER + timedelta(hours=2))
    steps.finish("security", at=LATER + timedelta(hours=3))

    assert Incident.objects.get().phase == "closed"
    assert Review.objects.get().approved_by == people["security"]
    action = PreventiveAction.objects.get()
    assert action.is_open  # it outlives both closings
    actions.finish(action_id=action.pk, note="Done.", by=people.actor("responder"), at=LATER)
    assert date(2026, 3, 11) == action.due_on
