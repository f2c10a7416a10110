"""Reviews: causes, documents, approval. What they agree, teach, say of controls: `learning`."""

from __future__ import annotations

from ninja import Router

from incidentdesk.api import fields, lists, sight
from incidentdesk.api.calls import do
from incidentdesk.api.shapes import Shape
from reviews import approval, attending, causes, documents, queries, workflow
from reviews.models import Attendee, Cause, DocumentUpdate, Review

router = Router(tags=["reviews"])
ONE = "/reviews/{review_id}"

REVIEW = Shape(
    Review,
    "id incident_id incident=incident__reference state opened_at facilitator=facilitator__name"
    " commander=commander__name method root_cause contributing_factors trigger not_detected"
    " went_well went_badly luck partner_story partner_cause partner_measures no_documents_reason"
    " revision asked_at asked_by=asked_by__name sent_back_reason approved_at"
    " approved_by=approved_by__name",
)
CAUSE = Shape(Cause, "id review_id parent_id text kind is_root entry_id added_at")
ATTENDEE = Shape(
    Attendee, "id review_id user_id user=user__name name partner=partner__code added_at"
)
DOCUMENT = Shape(
    DocumentUpdate,
    "id review_id kind title link owner=owner__name owner_id due_on done_when state proof added_at"
    " done_at done_by=done_by__name",
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
lists.rows(router, f"{ONE}/causes", CAUSE, sight.of_review(Cause))
lists.rows(router, f"{ONE}/attendees", ATTENDEE, sight.of_review(Attendee))
lists.rows(router, f"{ONE}/documents", DOCUMENT, sight.of_review(DocumentUpdate))

do(router, "review", f"{ONE}/write", workflow.write, answer=REVIEW)
do(router, "review", f"{ONE}/write-for-partners", workflow.write_for_partners, answer=REVIEW)
do(
    router,
    "review",
    f"{ONE}/causes",
    causes.add,
    answer=CAUSE,
    makes=True,
    kind=Cause.Kind,
)
do(router, "review", "/causes/{cause_id}/edit", causes.edit, answer=CAUSE, kind=Cause.Kind)
do(router, "review", "/causes/{cause_id}/remove", causes.remove)
do(router, "review", f"{ONE}/attendees", attending.add, answer=ATTENDEE, makes=True)
do(router, "review", "/attendees/{attendee_id}/remove", attending.remove)
do(
    router,
    "review",
    f"{ONE}/documents",
    documents.add,
    answer=DOCUMENT,
    makes=True,
    kind=DocumentUpdate.Kind,
)
do(router, "review", "/documents/{document_id}/finish", documents.finish, answer=DOCUMENT)
do(router, "review", "/documents/{document_id}/remove", documents.remove)
do(router, "review", f"{ONE}/need-no-documents", documents.need_none, answer=REVIEW)
do(router, "review", f"{ONE}/ask-for-approval", approval.ask, answer=REVIEW)
do(router, "approve", f"{ONE}/send-back", approval.send_back, answer=REVIEW)
do(router, "approve", f"{ONE}/finish", workflow.finish, answer=REVIEW)
