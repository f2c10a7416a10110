"""Documents to update: listed with owner and due day → done with proof. Open ones keep the review
open, and their owners are reminded of them."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction

from cases import owed, timeline
from cases.models import Entry, Phase
from incidentdesk.kernel import access, clocks
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, InvalidInput
from reviews import drafting
from reviews.models import DocumentUpdate, Review


@transaction.atomic
def add(
    *,
    review_id: int,
    title: str,
    kind: str,
    owner_id: int,
    due_on: date,
    link: str = "",
    done_when: str = "",
    by: Actor,
    at: datetime,
) -> DocumentUpdate:
    """A document has to be updated, by whom, and by which day; the review waits for it.

    `done_when` says how one will see that it is done.
    """
    review = drafting.locked(review_id, by=by)
    access.require(by, Permission.REVIEW_WRITE)
    drafting.require_draft(review, by=by, at=at)
    if kind not in DocumentUpdate.Kind.values:
        raise InvalidInput("It is a runbook, a policy or a document for partners; choose one.")
    drafting.require_ahead(due_on, at)
    document = DocumentUpdate.objects.create(
        review=review,
        kind=kind,
        title=drafting.words(title, lacks="Name the document to update.", limit=200),
        link=drafting.address(link),
        owner=drafting.owner(owner_id),
        due_on=due_on,
        done_when=done_when.replace("\x00", "").strip(),
        added_at=at,
        remind_at=clocks.first_reminder(at, clocks.end_of(due_on)),
    )
    _take_back_reason(review)
    who = f"{document.owner}, by {due_on:%-d %b %Y}"
    text = f"Document to update ({document.get_kind_display()}): {document.title}, {who}."
    drafting.note(review, text, by=by, at=at)
    return document


@transaction.atomic
def finish(*, document_id: int, proof: str, by: Actor, at: datetime) -> DocumentUpdate:
    """The document is updated; `proof` shows it. Possible after the incident closed as well."""
    document = drafting.locked_part(DocumentUpdate, document_id, by=by)
    access.require(by, Permission.REVIEW_WRITE)
    if not document.is_open:
        raise Conflict(f"“{document.title}” was updated already.")
    document.proof = drafting.words(
        proof, lacks="Say what shows the update: a version, a change, a date."
    )
    document.state, document.done_at = DocumentUpdate.State.DONE, at
    document.done_by_id = by.person_id
    document.save()
    review = document.review
    text = f"Document updated: {document.title}. {document.proof}"
    timeline.record(review.incident, Entry.Kind.REVIEW, text, by=by, at=at)
    if not review.is_approved and review.incident.phase == Phase.REVIEW:
        drafting.tell(review, by=by, at=at)
    return document


@transaction.atomic
def remove(*, document_id: int, by: Actor, at: datetime) -> None:
    """Take back a document from a draft."""
    document = drafting.locked_part(DocumentUpdate, document_id, by=by)
    access.require(by, Permission.REVIEW_WRITE)
    drafting.require_draft(document.review, by=by, at=at)
    document.delete()
    drafting.note(document.review, f"Document taken back: {document.title}.", by=by, at=at)


@transaction.atomic
def need_none(*, review_id: int, reason: str, by: Actor, at: datetime) -> Review:
    """Say why no document needs updating."""
    review = drafting.locked(review_id, by=by)
    access.require(by, Permission.REVIEW_WRITE)
    drafting.require_draft(review, by=by, at=at)
    if review.documents.exists():
        raise Conflict("Documents to update are listed; take them back first.")
    review.no_documents_reason = drafting.words(
        reason, lacks="Say why no document needs updating; it goes on the timeline."
    )
    review.save(update_fields=["no_documents_reason"])
    text = f"No document needs updating: {review.no_documents_reason}"
    drafting.note(review, text, by=by, at=at)
    return review


@transaction.atomic
def remind(*, at: datetime) -> int:
    """Remind of every open document that passed a stage of its time; answers how many mails.

    As of preventive actions: the owner, then who leads the review, then the commander.
    """
    rows = DocumentUpdate.objects.filter(state=DocumentUpdate.State.OPEN).select_related(
        "owner",
        "review__facilitator",
        "review__incident__commander",
        "review__incident__category",
    )
    return owed.remind(owed.take(rows, _owed, at=at), at=at)


def _take_back_reason(review: Review) -> None:
    """That none needs it is not so any more."""
    if review.no_documents_reason:
        review.no_documents_reason = ""
        review.save(update_fields=["no_documents_reason"])


def _owed(document: DocumentUpdate) -> owed.Owed:
    """Of a restricted incident it names nothing."""
    review, incident = document.review, document.review.incident
    is_closed = incident.is_restricted
    return owed.Owed(
        key=f"document:{document.pk}",
        what="A document to update" if is_closed else f"Update of “{document}”",
        incident=incident,
        people=owed.responsible(incident, document.owner, review.facilitator, incident.commander),
        start_at=document.added_at,
        due_at=clocks.end_of(document.due_on or document.added_at.date()),
        url=f"/admin/reviews/review/{review.pk}/change/",
        hint="The review waits for it.",
    )
