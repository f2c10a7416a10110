"""Reviews: causes, controls, documents, lessons, and preventive actions."""

from __future__ import annotations

from ninja import Router

from incidentdesk.api import fields, lists, sight
from incidentdesk.api.calls import do
from incidentdesk.api.shapes import Shape
from reviews import actions, queries, workflow
from reviews.models import ControlCheck, DocumentUpdate, Lesson, PreventiveAction, Review

router = Router(tags=["reviews"])
ONE = "/reviews/{review_id}"

REVIEW = Shape(
    Review,
    "id incident_id incident=incident__reference state opened_at facilitator=facilitator__name"
    " commander=commander__name root_cause contributing_factors trigger went_well went_badly"
    " no_documents_reason revision approved_at approved_by=approved_by__name",
)
CHECK = Shape(ControlCheck, "id review_id name verdict note added_at")
DOCUMENT = Shape(
    DocumentUpdate,
    "id review_id title link owner=owner__name owner_id state proof added_at done_at"
    " done_by=done_by__name",
)
LESSON = Shape(Lesson, "id review_id incident=review__incident__reference text tags added_at")
ACTION = Shape(
    PreventiveAction,
    "id review_id incident=review__incident__reference title kind owner=owner__name owner_id due_on"
    " state note agreed_at ended_at ended_by=ended_by__name",
)
ACTION_FILTERS: dict[str, lists.Filter] = {
    "state": (lists.choice(PreventiveAction._meta.get_field("state")), "state"),
    "owner_id": (fields.PathId, "owner_id"),
    "due_before": (fields.Day, "due_on__lt"),
}

lists.rows(
    router,
    "/reviews",
    REVIEW,
    queries.visible_to,
    filters={
        "state": (lists.choice(Review._meta.get_field("state")), "state"),
        "incident_id": (fields.PathId, "incident_id"),
    },
)
lists.row(router, ONE, REVIEW)
lists.rows(router, f"{ONE}/controls", CHECK, sight.of_review(ControlCheck))
lists.rows(router, f"{ONE}/documents", DOCUMENT, sight.of_review(DocumentUpdate))
lists.rows(router, f"{ONE}/lessons", LESSON, sight.of_review(Lesson))
lists.rows(router, f"{ONE}/actions", ACTION, sight.of_review(PreventiveAction))
lists.rows(router, "/actions", ACTION, sight.of_review(PreventiveAction), filters=ACTION_FILTERS)
lists.rows(
    router,
    "/lessons",
    LESSON,
    sight.of_review(Lesson),
    filters={"tag": (fields.Word, lambda found, value, by: found.filter(tags__contains=[value]))},
)

do(router, "review", f"{ONE}/write", workflow.write, answer=REVIEW)
do(
    router,
    "review",
    f"{ONE}/controls",
    workflow.add_control_check,
    answer=CHECK,
    makes=True,
    verdict=ControlCheck.Verdict,
)
do(router, "review", "/controls/{check_id}/remove", workflow.remove_control_check)
do(router, "review", f"{ONE}/documents", workflow.add_document, answer=DOCUMENT, makes=True)
do(
    router,
    "review",
    "/documents/{document_id}/finish",
    workflow.finish_document,
    answer=DOCUMENT,
)
do(router, "review", "/documents/{document_id}/remove", workflow.remove_document)
do(router, "review", f"{ONE}/need-no-documents", workflow.need_no_documents, answer=REVIEW)
do(router, "review", f"{ONE}/lessons", workflow.add_lesson, answer=LESSON, makes=True)
do(router, "review", "/lessons/{lesson_id}/remove", workflow.remove_lesson)
do(router, "approve", f"{ONE}/finish", workflow.finish, answer=REVIEW)
do(
    router,
    "review",
    f"{ONE}/actions",
    actions.agree,
    answer=ACTION,
    makes=True,
    kind=PreventiveAction.Kind,
)
do(router, "review", "/actions/{action_id}/finish", actions.finish, answer=ACTION)
do(router, "review", "/actions/{action_id}/drop", actions.drop, answer=ACTION)
