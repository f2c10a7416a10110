"""The course of a review: it opens once, closes its incident only when complete, and reopens."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import IntegrityError, InternalError, transaction

from cases import workflow as case
from cases.models import Incident, ReviewFacts
from incidentdesk.kernel import access
from incidentdesk.kernel.errors import (
    Conflict,
    GateNotMet,
    InvalidInput,
    NotAllowed,
    NotFound,
)
from reviews import jobs, workflow
from reviews.models import ControlCheck, DocumentUpdate, Lesson, Review
from tests.conftest import People
from tests.reviews.conftest import LATER, Steps

pytestmark = pytest.mark.django_db


def phase_of(review: Review) -> str:
    """The phase of its incident, read again."""
    return str(Incident.objects.get(pk=review.incident_id).phase)


def missing(review: Review) -> list[str]:
    """What the incident's gate knows to be missing."""
    return ReviewFacts.objects.get(pk=review.incident_id).missing


def newest_entry(review: Review) -> str:
    """The last line of the incident's timeline."""
    return Incident.objects.get(pk=review.incident_id).entries.order_by("-sequence")[0].body


def test_beginning_the_review_moves_the_incident_and_takes_over_its_cause(
    review: Review, people: People
) -> None:
    assert phase_of(review) == "review"
    assert review.root_cause == "A stuck feed handler."
    assert (review.state, review.commander, review.opened_at) == (
        "draft",
        people["commander"],
        LATER,
    )


def test_an_early_review_is_refused_and_leaves_nothing(
    incident_in: Callable[[str], Incident], people: People
) -> None:
    incident = incident_in("recovery")

    with pytest.raises(GateNotMet, match="Every recovery task done"):
        workflow.begin(incident_id=incident.pk, by=people.actor("commander"), at=LATER)

    assert not Review.objects.exists()


def test_beginning_twice_gives_one_review(review: Review, people: People) -> None:
    with pytest.raises(Conflict, match="is in Review by now"):
        workflow.begin(incident_id=review.incident_id, by=people.actor("commander"), at=LATER)

    assert Review.objects.get() == review


@pytest.mark.parametrize(
    ("step", "lacks"),
    [
        ("contributing_factors", "no contributing factors"),
        ("control", "no control or policy looked at"),
        ("document", "no document listed, and not said why none needs updating"),
        ("lesson", "no lesson"),
    ],
)
def test_without_one_thing_the_incident_does_not_close(
    review: Review, steps: Steps, step: str, lacks: str
) -> None:
    steps.everything(but=step)

    with pytest.raises(GateNotMet) as refusal:
        steps.finish()

    assert refusal.value.unmet == [lacks]
    assert missing(review) == [lacks]
    assert (phase_of(review), Review.objects.get().state) == ("review", "draft")


def test_without_a_root_cause_the_incident_does_not_close(
    review: Review, steps: Steps, people: People
) -> None:
    steps.everything(but="root_cause")
    findings = workflow.Findings(contributing_factors="No alert on stale quotes.")
    workflow.write(review_id=review.pk, findings=findings, by=people.actor("responder"), at=LATER)

    with pytest.raises(GateNotMet, match="Approving the review has to wait: no root cause"):
        steps.finish()


def test_without_an_action_the_incident_does_not_close(review: Review, steps: Steps) -> None:
    steps.everything(but="action")

    with pytest.raises(GateNotMet) as refusal:
        steps.finish()

    assert refusal.value.unmet == [
        "no preventive action agreed",
        "no action of kind “prevent” agreed",
    ]


def test_a_grave_incident_needs_an_action_that_prevents(review: Review, steps: Steps) -> None:
    steps.everything(but="action")
    steps.action("detect")

    with pytest.raises(GateNotMet) as refusal:
        steps.finish()

    assert refusal.value.unmet == ["no action of kind “prevent” agreed"]


def test_an_empty_review_names_everything_it_lacks(steps: Steps) -> None:
    with pytest.raises(GateNotMet) as refusal:
        steps.finish()

    assert refusal.value.unmet == [
        "no contributing factors",
        "no control or policy looked at",
        "no preventive action agreed",
        "no action of kind “prevent” agreed",
        "no document listed, and not said why none needs updating",
        "no lesson",
    ]


def test_saying_why_no_document_needs_updating_is_enough(
    review: Review, steps: Steps, people: People
) -> None:
    steps.everything(but="document")
    by = people.actor("responder")
    workflow.need_no_documents(review_id=review.pk, reason="All were right.", by=by, at=LATER)

    assert missing(review) == []

    steps.document()

    assert Review.objects.get().no_documents_reason == ""
    with pytest.raises(Conflict, match="take them back first"):
        workflow.need_no_documents(review_id=review.pk, reason="None.", by=by, at=LATER)


def test_approving_closes_the_incident(review: Review, steps: Steps, people: People) -> None:
    steps.everything()

    steps.finish()

    incident = Incident.objects.get()
    found = Review.objects.get()
    assert (incident.phase, incident.over_at) == ("closed", LATER)
    assert (found.state, found.approved_at, found.approved_by) == (
        "approved",
        LATER,
        people["approver"],
    )
    assert ReviewFacts.objects.get().approved_by == people["approver"]


def test_a_second_click_on_approve_is_refused(steps: Steps) -> None:
    steps.everything()
    steps.finish()

    with pytest.raises(Conflict, match="is closed and its review stays as it is"):
        steps.finish()


def test_the_incident_does_not_close_past_its_review(review: Review, people: People) -> None:
    with pytest.raises(GateNotMet, match="Review approved by someone who did not command"):
        case.close(incident_id=review.incident_id, by=people.actor("approver"), at=LATER)


def test_the_commander_cannot_approve(review: Review, steps: Steps, people: People) -> None:
    steps.everything()
    people["commander"].roles = ["commander", "approver"]
    people["commander"].save()

    with pytest.raises(InvalidInput, match="You commanded this incident; somebody else"):
        steps.finish("commander")


def test_handing_over_command_does_not_make_one_a_second_person(
    review: Review, steps: Steps, people: People
) -> None:
    steps.everything()
    people["commander"].roles = ["commander", "approver"]
    people["commander"].save()
    people["security"].roles = ["commander", "approver"]
    people["security"].save()
    case.take_command(incident_id=review.incident_id, by=people.actor("security"), at=LATER)

    for key in ("commander", "security"):
        with pytest.raises(InvalidInput, match="You commanded this incident"):
            steps.finish(key)


def test_the_database_refuses_an_approval_by_the_commander(review: Review, people: People) -> None:
    approval = {"state": "approved", "approved_at": LATER, "approved_by": people["commander"]}

    with pytest.raises(IntegrityError, match="review_not_approved_by_its_commander"):
        Review.objects.update(**approval)


def test_the_database_refuses_half_an_approval(review: Review, people: People) -> None:
    with pytest.raises(IntegrityError, match="review_approval_is_a_pair"):
        Review.objects.update(state="approved")


def test_the_database_keeps_approved_findings(closed: Review) -> None:
    with pytest.raises(InternalError, match="Cannot update"), transaction.atomic():
        Review.objects.update(root_cause="Somebody else's fault.")


def test_the_desk_itself_approves_nothing(review: Review, steps: Steps) -> None:
    steps.everything()

    with pytest.raises(NotAllowed, match="The desk is not a person"):
        workflow.finish(review_id=review.pk, by=access.SYSTEM, at=LATER)


def test_after_approval_nothing_changes(closed: Review, steps: Steps, people: People) -> None:
    by, lesson = people.actor("responder"), Lesson.objects.get()
    check, document = ControlCheck.objects.get(), DocumentUpdate.objects.get()
    calls: list[Callable[[], object]] = [
        steps.root_cause,
        steps.control,
        steps.action,
        steps.document,
        steps.lesson,
        lambda: workflow.remove_control_check(check_id=check.pk, by=by, at=LATER),
        lambda: workflow.remove_document(document_id=document.pk, by=by, at=LATER),
        lambda: workflow.remove_lesson(lesson_id=lesson.pk, by=by, at=LATER),
        lambda: workflow.need_no_documents(review_id=closed.pk, reason="No.", by=by, at=LATER),
    ]
    before = newest_entry(closed)

    for call in calls:
        with pytest.raises(Conflict, match="reopen the incident to change it"):
            call()

    assert newest_entry(closed) == before


def test_a_document_is_updated_after_closing(closed: Review, people: People) -> None:
    document, by = DocumentUpdate.objects.get(), people.actor("responder")

    with pytest.raises(InvalidInput, match="what shows the update"):
        workflow.finish_document(document_id=document.pk, proof=" ", by=by, at=LATER)
    workflow.finish_document(document_id=document.pk, proof="Version 7.", by=by, at=LATER)

    document.refresh_from_db()
    assert (document.state, document.done_by) == ("done", people["responder"])
    assert newest_entry(closed) == "Document updated: Runbook: quote gateway. Version 7."
    with pytest.raises(Conflict, match="was updated already"):
        workflow.finish_document(document_id=document.pk, proof="Again.", by=by, at=LATER)


def reopen(review: Review, people: People) -> None:
    """Reopen the closed incident."""
    case.reopen(
        incident_id=review.incident_id,
        reason="It came back.",
        by=people.actor("commander"),
        at=LATER,
    )


def test_a_reopened_incident_reopens_its_review_at_the_next_touch(
    closed: Review, steps: Steps, people: People
) -> None:
    reopen(closed, people)

    steps.control()

    found = Review.objects.get()
    assert (found.state, found.approved_at, found.approved_by) == ("draft", None, None)
    bodies = list(Incident.objects.get().entries.values_list("body", flat=True)[:2])
    assert bodies == [
        "Control looked at: Change approval: worked.",
        "The review is a draft again: its incident was reopened.",
    ]


def test_a_reopened_incident_closes_only_after_a_new_approval(
    closed: Review, steps: Steps, people: People
) -> None:
    reopen(closed, people)
    jobs.open_missing()
    assert (Review.objects.get().state, missing(closed)) == ("draft", [])

    with pytest.raises(GateNotMet, match="Review approved by someone"):
        case.close(incident_id=closed.incident_id, by=people.actor("approver"), at=LATER)
    steps.finish("security")

    assert phase_of(closed) == "closed"
    assert Review.objects.get().approved_by == people["security"]


def test_a_review_whose_incident_went_back_a_phase_waits_and_goes_on(
    review: Review, steps: Steps, people: People
) -> None:
    steps.control()
    commander = people.actor("commander")
    case.step_back(incident_id=review.incident_id, reason="Too early.", by=commander, at=LATER)

    with pytest.raises(Conflict, match="went back to Recovery; its review goes on"):
        steps.lesson()
    again = workflow.begin(incident_id=review.incident_id, by=commander, at=LATER)

    assert again == review
    assert ControlCheck.objects.count() == 1
    assert "no control or policy looked at" not in missing(review)


def test_the_job_opens_a_review_that_is_missing_and_only_once(
    incident_in: Callable[[str], Incident], people: People
) -> None:
    incident = incident_in("review")
    assert not Review.objects.exists()

    jobs.open_missing()

    review = Review.objects.get()
    assert (review.incident, review.commander) == (incident, people["commander"])
    assert incident.entries.first().body == "Review opened."
    assert workflow.open_missing(at=LATER) == 0
    assert "no lesson" in missing(review)


def test_the_timeline_says_what_changed_and_an_empty_change_says_nothing(
    review: Review, people: People
) -> None:
    by = people.actor("responder")
    findings = workflow.Findings(root_cause="A lock.", went_well="Quick isolation.")
    workflow.write(
        review_id=review.pk,
        findings=findings,
        facilitator_id=people["security"].pk,
        by=by,
        at=LATER,
    )
    assert newest_entry(review) == (
        "Review written: root cause, went well, facilitator Security lead."
    )

    steps_before = Incident.objects.get().entries.count()
    workflow.write(
        review_id=review.pk,
        findings=findings,
        facilitator_id=people["security"].pk,
        by=by,
        at=LATER,
    )
    assert Incident.objects.get().entries.count() == steps_before


def test_two_writers_notice_each_other(review: Review, people: People) -> None:
    by, seen = people.actor("responder"), review.revision
    first, second = workflow.Findings(root_cause="A lock."), workflow.Findings(root_cause="A bug.")
    workflow.write(review_id=review.pk, findings=first, revision=seen, by=by, at=LATER)

    with pytest.raises(Conflict, match="Somebody else wrote findings meanwhile"):
        workflow.write(review_id=review.pk, findings=second, revision=seen, by=by, at=LATER)

    assert Review.objects.get().root_cause == "A lock."


def test_a_control_that_did_not_hold_says_what_must_change(review: Review, people: People) -> None:
    for verdict in ("failed", "missing"):
        with pytest.raises(InvalidInput, match="Say what must change"):
            workflow.add_control_check(
                review_id=review.pk,
                name="Four eyes",
                verdict=verdict,
                by=people.actor("responder"),
                at=LATER,
            )


def test_what_was_added_can_be_taken_back_from_a_draft(
    review: Review, steps: Steps, people: People
) -> None:
    steps.everything()
    by = people.actor("responder")
    check, document, lesson = (
        ControlCheck.objects.get(),
        DocumentUpdate.objects.get(),
        Lesson.objects.get(),
    )

    workflow.remove_control_check(check_id=check.pk, by=by, at=LATER)
    workflow.remove_document(document_id=document.pk, by=by, at=LATER)
    workflow.remove_lesson(lesson_id=lesson.pk, by=by, at=LATER)

    assert missing(review) == [
        "no control or policy looked at",
        "no document listed, and not said why none needs updating",
        "no lesson",
    ]
    assert newest_entry(review).startswith("Lesson taken back: A stale price")
    with pytest.raises(NotFound, match="no such lesson any more"):
        workflow.remove_lesson(lesson_id=lesson.pk, by=by, at=LATER)


def test_tags_are_lower_case_and_without_doubles(steps: Steps) -> None:
    steps.lesson()

    assert Lesson.objects.get().tags == ["market data", "alerts"]


def test_a_link_is_a_web_address(review: Review, people: People) -> None:
    with pytest.raises(InvalidInput, match="has to be a web address"):
        workflow.add_document(
            review_id=review.pk,
            title="Runbook",
            link="javascript:alert(1)",
            owner_id=people["responder"].pk,
            by=people.actor("responder"),
            at=LATER,
        )


@pytest.mark.parametrize("role", ["communications", "approver", "administrator", "auditor"])
def test_who_may_not_write_a_review_is_refused(
    review: Review, steps: Steps, people: People, role: str
) -> None:
    steps.by = people.actor(role)

    for step in (steps.root_cause, steps.control, steps.action, steps.document, steps.lesson):
        with pytest.raises(NotAllowed, match="may not write the review"):
            step()


@pytest.mark.parametrize(
    "role", ["responder", "commander", "communications", "administrator", "auditor"]
)
def test_who_may_not_approve_is_refused(steps: Steps, role: str) -> None:
    steps.everything()

    with pytest.raises(NotAllowed, match="may not approve a review"):
        steps.finish(role)


@pytest.mark.parametrize("role", ["responder", "approver", "security", "auditor"])
def test_who_does_not_command_begins_no_review(
    incident_in: Callable[[str], Incident], people: People, role: str
) -> None:
    incident = incident_in("recovery")

    with pytest.raises(NotAllowed, match="may not command an incident"):
        workflow.begin(incident_id=incident.pk, by=people.actor(role), at=LATER)


def test_a_review_that_does_not_exist_is_refused_in_words(people: People) -> None:
    with pytest.raises(NotFound, match="There is no such review"):
        workflow.finish(review_id=4711, by=people.actor("approver"), at=LATER)
