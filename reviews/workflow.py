"""The course of a review: begin, write, look at documents, finish. See also `controls`, `lessons`.

Each is one use case, as in `cases.workflow`. Every change tells the incident what its review still
lacks, and stands on the incident's timeline. `finish` approves and closes, in one transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from cases import queries as incidents
from cases import reviewed, timeline
from cases import workflow as case
from cases.models import Entry
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, GateNotMet, InvalidInput
from reviews import drafting, queries
from reviews.models import DocumentUpdate, Review
from reviews.models.review import FINDINGS


@dataclass(frozen=True)
class Findings:
    """What was found out, in words; an empty text is none."""

    root_cause: str = ""
    contributing_factors: str = ""
    trigger: str = ""
    went_well: str = ""
    went_badly: str = ""


@transaction.atomic
def begin(*, incident_id: int, by: Actor, at: datetime) -> Review:
    """Recovery → Review, and the review opens with the cause that was recorded."""
    incident = case.begin_review(incident_id=incident_id, by=by, at=at)
    return drafting.take_up(incident, by=by, at=at)


def open_missing(*, at: datetime) -> int:
    """Open or reopen the review of every incident in Review that has none, or an approved one.

    A net under `begin` and under reopening an incident: the desk does it itself. Answers how many.
    """
    waiting = queries.incidents_without_a_draft().values_list("pk", flat=True)
    return sum(_open_one(pk, at=at) for pk in list(waiting))


@transaction.atomic
def write(
    *,
    review_id: int,
    findings: Findings,
    facilitator_id: int | None = None,
    revision: int | None = None,
    by: Actor,
    at: datetime,
) -> Review:
    """Write the findings; what was there before is replaced.

    `revision` is the one that the writer saw: if somebody else wrote since, this is refused, so
    that neither text is lost. Without it the newest words win.
    """
    review = drafting.locked(review_id, by=by)
    access.require(by, Permission.REVIEW_WRITE)
    drafting.require_draft(review, by=by, at=at)
    if revision is not None and revision != review.revision:
        raise Conflict(
            "Somebody else wrote findings meanwhile; copy your words, open this again and add them."
        )
    facilitator = drafting.owner(facilitator_id) if facilitator_id else None
    changed = _put(review, findings)
    if facilitator != review.facilitator:
        review.facilitator = facilitator
        changed.append(f"facilitator {facilitator}" if facilitator else "no facilitator")
    if changed:
        review.revision += 1
        review.save()
        drafting.note(review, f"Review written: {', '.join(changed)}.", by=by, at=at)
    return review


@transaction.atomic
def add_document(
    *, review_id: int, title: str, link: str = "", owner_id: int, by: Actor, at: datetime
) -> DocumentUpdate:
    """A document has to be updated, and somebody owns that. It may be done after closing."""
    review = drafting.locked(review_id, by=by)
    access.require(by, Permission.REVIEW_WRITE)
    drafting.require_draft(review, by=by, at=at)
    document = DocumentUpdate.objects.create(
        review=review,
        title=drafting.words(title, lacks="Name the document to update.", limit=200),
        link=drafting.address(link),
        owner=drafting.owner(owner_id),
        added_at=at,
    )
    if review.no_documents_reason:
        review.no_documents_reason = ""
        review.save(update_fields=["no_documents_reason"])
    text = f"Document to update: {document.title}, owner {document.owner}."
    drafting.note(review, text, by=by, at=at)
    return document


@transaction.atomic
def finish_document(*, document_id: int, proof: str, by: Actor, at: datetime) -> DocumentUpdate:
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
    text = f"Document updated: {document.title}. {document.proof}"
    timeline.record(document.review.incident, Entry.Kind.REVIEW, text, by=by, at=at)
    return document


@transaction.atomic
def remove_document(*, document_id: int, by: Actor, at: datetime) -> None:
    """Take back a document from a draft."""
    document = drafting.locked_part(DocumentUpdate, document_id, by=by)
    access.require(by, Permission.REVIEW_WRITE)
    drafting.require_draft(document.review, by=by, at=at)
    document.delete()
    drafting.note(document.review, f"Document taken back: {document.title}.", by=by, at=at)


@transaction.atomic
def need_no_documents(*, review_id: int, reason: str, by: Actor, at: datetime) -> Review:
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
def finish(*, review_id: int, by: Actor, at: datetime) -> Review:
    """Approve the review and close the incident. Never by the commander; never with a gap.

    Raises GateNotMet naming everything that lacks. The database keeps the two persons apart too.
    """
    review = drafting.locked(review_id, by=by)
    access.require(by, Permission.REVIEW_APPROVE)
    drafting.require_draft(review, by=by, at=at)
    review.commander = review.commander or review.incident.commander
    if review.commander is None:
        raise InvalidInput("Nobody commands this incident; a commander has to take it first.")
    if by.person_id in (review.commander_id, *review.incident.commanded_by):
        raise InvalidInput("You commanded this incident; somebody else has to approve its review.")
    if lacks := drafting.missing(review):
        raise GateNotMet("Approving the review", lacks)
    review.state, review.approved_at = Review.State.APPROVED, at
    review.approved_by_id = by.person_id
    review.save()
    timeline.record(review.incident, Entry.Kind.REVIEW, "Review approved.", by=by, at=at)
    reviewed.note_review(
        incident_id=review.incident_id,
        missing=[],
        approved=True,
        facilitator_id=review.facilitator_id,
        by=by,
        at=at,
    )
    case.close(incident_id=review.incident_id, by=by, at=at)
    return review


# --- steps of the use cases above -----------------------------------------------------------------


@transaction.atomic
def _open_one(incident_id: int, *, at: datetime) -> bool:
    """Open or reopen one review, unless somebody did or the incident moved on meanwhile."""
    incident = incidents.locked(incident_id, by=access.SYSTEM)
    if not queries.incidents_without_a_draft().filter(pk=incident_id).exists():
        return False
    drafting.take_up(incident, by=access.SYSTEM, at=at)
    return True


def _put(review: Review, findings: Findings) -> list[str]:
    """Put the texts into the review; the names of those that changed."""
    changed = []
    for name in FINDINGS:
        text = getattr(findings, name).replace("\x00", "").strip()
        if text != getattr(review, name):
            setattr(review, name, text)
            changed.append(name.replace("_", " "))
    return changed
