"""Reviews: causes and documents. What they say of controls, agree and teach is in `learning`."""

from __future__ import annotations

from ninja import Router

from incidentdesk.api import fields, lists, sight
from incidentdesk.api.calls import do
from incidentdesk.api.shapes import Shape
from reviews import queries, workflow
from reviews.models import DocumentUpdate, Review

router = Router(tags=["reviews"])
ONE = "/reviews/{review_id}"

REVIEW = Shape(
    Review,
    "id incident_id incident=incident__reference state opened_at facilitator=facilitator__name"
    " commander=commander__name root_cause contributing_factors trigger went_well went_badly"
    " no_documents_reason revision approved_at approved_by=approved_by__name",
)
DOCUMENT = Shape(
    DocumentUpdate,
    "id review_id title link owner=owner__name owner_id state proof added_at done_at"
    " done_by=done_by__name",
)

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
lists.rows(router, f"{ONE}/documents", DOCUMENT, sight.of_review(DocumentUpdate))

do(router, "review", f"{ONE}/write", workflow.write, answer=REVIEW)
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
do(router, "approve", f"{ONE}/finish", workflow.finish, answer=REVIEW)
