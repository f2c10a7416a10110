"""What a review consists of: findings, controls, documents, lessons, while it is a draft."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cases.models import Incident, ReviewFacts
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotAllowed, NotFound
from reviews import controls, documents, lessons, workflow
from reviews.models import Control, ControlCheck, DocumentUpdate, Lesson, Review
from tests.conftest import People
from tests.reviews.conftest import LATER, Steps

pytestmark = pytest.mark.django_db


def missing(review: Review) -> list[str]:
    """What the incident's gate knows to be missing."""
    return ReviewFacts.objects.get(pk=review.incident_id).missing


def newest_entry(review: Review) -> str:
    """The last line of the incident's timeline."""
    return Incident.objects.get(pk=review.incident_id).entries.order_by("-sequence")[0].body


def test_saying_why_no_document_needs_updating_is_enough(
    review: Review, steps: Steps, people: People
) -> None:
    steps.everything(but="document")
    by = people.actor("responder")
    documents.need_none(review_id=review.pk, reason="All were right.", by=by, at=LATER)

    assert missing(review) == []

    steps.document()

    assert Review.objects.get().no_documents_reason == ""
    with pytest.raises(Conflict, match="take them back first"):
        documents.need_none(review_id=review.pk, reason="None.", by=by, at=LATER)


def test_after_approval_nothing_changes(closed: Review, steps: Steps, people: People) -> None:
    by, lesson = people.actor("responder"), Lesson.objects.get()
    check, document = ControlCheck.objects.get(), DocumentUpdate.objects.get()
    calls: list[Callable[[], object]] = [
        steps.root_cause,
        steps.control,
        steps.action,
        steps.document,
        steps.lesson,
        lambda: controls.remove_check(check_id=check.pk, by=by, at=LATER),
        lambda: documents.remove(document_id=document.pk, by=by, at=LATER),
        lambda: lessons.remove(lesson_id=lesson.pk, by=by, at=LATER),
        lambda: documents.need_none(review_id=closed.pk, reason="No.", by=by, at=LATER),
    ]
    before = newest_entry(closed)

    for call in calls:
        with pytest.raises(Conflict, match="reopen the incident to change it"):
            call()

    assert newest_entry(closed) == before


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
    four_eyes = Control.objects.create(number="AC-01", title="Four eyes")
    for verdict in ("failed", "missing"):
        with pytest.raises(InvalidInput, match="Say what must change"):
            controls.add_check(
                review_id=review.pk,
                control_id=four_eyes.pk,
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

    controls.remove_check(check_id=check.pk, by=by, at=LATER)
    documents.remove(document_id=document.pk, by=by, at=LATER)
    lessons.remove(lesson_id=lesson.pk, by=by, at=LATER)

    assert missing(review) == [
        "no control or policy looked at",
        "no document listed, and not said why none needs updating",
        "no lesson",
    ]
    assert newest_entry(review).startswith("Lesson taken back: A stale price")
    with pytest.raises(NotFound, match="no such lesson any more"):
        lessons.remove(lesson_id=lesson.pk, by=by, at=LATER)


def test_tags_are_lower_case_and_without_doubles(steps: Steps) -> None:
    steps.lesson()

    assert Lesson.objects.get().tags == ["market data", "alerts"]


@pytest.mark.parametrize("role", ["communications", "approver", "administrator", "auditor"])
def test_who_may_not_write_a_review_is_refused(
    review: Review, steps: Steps, people: People, role: str
) -> None:
    steps.by = people.actor(role)

    for step in (steps.root_cause, steps.control, steps.action, steps.document, steps.lesson):
        with pytest.raises(NotAllowed, match="may not write the review"):
            step()
