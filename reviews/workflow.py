"""The course of a review: begin, write, finish. Its parts have modules of their own.

Each is one use case, as in `cases.workflow`. Every change tells the incident what its review still
lacks, and stands on the incident's timeline. `finish` approves and closes, in one transaction.
Causes, documents, actions, attendees and asking for approval have modules of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
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
from incidentdesk.kernel.models import User
from reviews import approval, drafting, queries
from reviews.completeness import GRAVE
from reviews.models import Review
from reviews.models.review import FINDINGS, FOR_PARTNERS


@dataclass(frozen=True)
class Findings:
    """What was found out, in words; an empty text is none."""

    root_cause: str = ""
    contributing_factors: str = ""
    trigger: str = ""
    not_detected: str = ""
    went_well: str = ""
    went_badly: str = ""
    luck: str = ""


@dataclass(frozen=True)
class ForPartners:
    """The same for partners: in words that may leave the house."""

    partner_story: str = ""
    partner_cause: str = ""
    partner_measures: str = ""


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
    method: str = "",
    revision: int | None = None,
    by: Actor,
    at: datetime,
) -> Review:
    """Write the findings; what was there before is replaced.

    `revision` is the one that the writer saw: if somebody else wrote since, this is refused, so
    that neither text is lost. Without it the newest words win. Who commands a SEV-1 or SEV-2 does
    not lead its review. Without a `method` it stays the one that it is.
    """
    review = drafting.locked(review_id, by=by)
    access.require(by, Permission.REVIEW_WRITE)
    drafting.require_draft(review, by=by, at=at)
    _require_newest(review, revision)
    facilitator = drafting.owner(facilitator_id) if facilitator_id else None
    changed = _put(review, FINDINGS, findings)
    if facilitator != review.facilitator:
        _require_another(review, facilitator)
        review.facilitator = facilitator
        changed.append(f"facilitator {facilitator}" if facilitator else "no facilitator")
    if method and method != review.method:
        if method not in Review.Method.values:
            raise InvalidInput("Causes are looked for by five whys or in a fault tree; choose one.")
        review.method = method
        changed.append(f"method {review.get_method_display()}")
    return _written(review, changed, by=by, at=at)


@transaction.atomic
def write_for_partners(
    *,
    review_id: int,
    words: ForPartners,
    revision: int | None = None,
    by: Actor,
    at: datetime,
) -> Review:
    """Write what partners may read of it; a report to them begins with this."""
    review = drafting.locked(review_id, by=by)
    access.require(by, Permission.REVIEW_WRITE)
    drafting.require_draft(review, by=by, at=at)
    _require_newest(review, revision)
    return _written(review, _put(review, FOR_PARTNERS, words), by=by, at=at)


@transaction.atomic
def finish(*, review_id: int, by: Actor, at: datetime) -> Review:
    """Approve the review and close the incident. Never by anybody who commanded it; never with a
    gap, nor before somebody asked.

    Raises GateNotMet naming everything that lacks. The database keeps the persons apart too.
    """
    review = drafting.locked(review_id, by=by)
    access.require(by, Permission.REVIEW_APPROVE)
    drafting.require_phase(review)
    review.commander = review.commander or review.incident.commander
    if review.commander is None:
        raise InvalidInput("Nobody commands this incident; a commander has to take it first.")
    if by.person_id in approval.barred(review):
        raise InvalidInput("You commanded this incident; somebody else has to approve its review.")
    if not review.is_in_review:
        raise Conflict("This review is a draft; somebody who wrote it has to ask for approval.")
    if lacks := drafting.missing(review):
        raise GateNotMet("Approving the review", lacks)
    review.state, review.approved_at = Review.State.APPROVED, at
    review.approved_by_id, review.remind_at = by.person_id, None
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


def _require_newest(review: Review, revision: int | None) -> None:
    if revision is not None and revision != review.revision:
        raise Conflict(
            "Somebody else wrote findings meanwhile; copy your words, open this again and add them."
        )


def _require_another(review: Review, facilitator: User | None) -> None:
    """The database asks for the same."""
    is_grave = review.incident.severity in GRAVE
    if is_grave and facilitator and facilitator.pk in drafting.commanding(review):
        raise InvalidInput(
            f"{facilitator} commands this incident; somebody else leads the review of a SEV-1 or "
            "SEV-2."
        )


def _put(review: Review, names: Sequence[str], texts: Findings | ForPartners) -> list[str]:
    """Put the texts into the review; the names of those that changed."""
    changed = []
    for name in names:
        text = getattr(texts, name).replace("\x00", "").strip()
        if text != getattr(review, name):
            setattr(review, name, text)
            changed.append(name.replace("_", " "))
    return changed


def _written(review: Review, changed: list[str], *, by: Actor, at: datetime) -> Review:
    if changed:
        review.revision += 1
        review.save()
        drafting.note(review, f"Review written: {', '.join(changed)}.", by=by, at=at)
    return review
