"""What every change of a review shares: lock, reopen if needed, tell the incident how far it is.

It decides nothing about who may do what; `workflow` and `actions` do.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from cases import queries as incidents
from cases import reviewed, timeline
from cases.models import Entry, Incident, Phase
from incidentdesk.kernel import clocks
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotFound
from incidentdesk.kernel.models import User
from reviews.completeness import Facts, lacking
from reviews.models import (
    Attendee,
    Cause,
    ControlCheck,
    DocumentUpdate,
    Lesson,
    PreventiveAction,
    Review,
)

_is_address = URLValidator(schemes=["http", "https"])
Part = TypeVar("Part", Attendee, Cause, ControlCheck, DocumentUpdate, Lesson, PreventiveAction)


def take_up(incident: Incident, *, by: Actor, at: datetime) -> Review:
    """The review of an incident in phase Review, as a draft: opened, or reopened, if need be.

    Call it with the incident's row locked.
    """
    review, is_new = Review.objects.get_or_create(
        incident=incident,
        defaults={
            "opened_at": at,
            "commander_id": incident.commander_id,
            "root_cause": incident.cause,
        },
    )
    if is_new:
        note(review, "Review opened.", by=by, at=at)
    else:
        _reopen(review, by=by, at=at)
        tell(review, by=by, at=at)
    return review


def locked(review_id: int, *, by: Actor) -> Review:
    """The review with its incident, both rows locked (parent before child)."""
    incident_id = Review.objects.filter(pk=review_id).values_list("incident_id", flat=True).first()
    if incident_id is None:
        raise NotFound("There is no such review; look at the list of reviews.")
    incident = incidents.locked(incident_id, by=by)
    review = Review.objects.select_for_update(of=("self",)).get(pk=review_id)
    review.incident = incident
    return review


def locked_part(model: type[Part], part_id: int, *, by: Actor) -> Part:
    """A row of a review with its review and incident, all locked (parent before child)."""
    name = model._meta.verbose_name
    review_id = model._default_manager.filter(pk=part_id).values_list("review_id", flat=True)
    gone = NotFound(f"There is no such {name} any more; look at the page again.")
    if (found := review_id.first()) is None:
        raise gone
    review = locked(found, by=by)
    part = model._default_manager.select_for_update(of=("self",)).filter(pk=part_id).first()
    if part is None:
        raise gone
    part.review = review
    return part


def require_draft(review: Review, *, by: Actor, at: datetime) -> None:
    """The review can still be changed: its incident is in Review, and nobody reads it in order to
    approve it. Reopened if it was approved."""
    require_phase(review)
    if review.is_in_review:
        raise Conflict(
            "This review is with its approvers and stays as it is; one of them can send it back."
        )
    _reopen(review, by=by, at=at)


def require_phase(review: Review) -> None:
    """Its incident is in Review."""
    incident = review.incident
    if not incident.is_open:
        raise Conflict(
            f"{incident.reference} is {incident.phase} and its review stays as it is; reopen the "
            "incident to change it."
        )
    if incident.phase != Phase.REVIEW:
        raise Conflict(
            f"{incident.reference} went back to {incident.get_phase_display()}; its review goes "
            "on when it is in Review again."
        )


def note(review: Review, text: str, *, by: Actor, at: datetime) -> None:
    """A line on the incident's timeline, and what its gate shows, after a change of a draft."""
    timeline.record(review.incident, Entry.Kind.REVIEW, text, by=by, at=at)
    tell(review, by=by, at=at)


def tell(review: Review, *, by: Actor, at: datetime) -> None:
    """Tell the incident what its review still lacks."""
    reviewed.note_review(
        incident_id=review.incident_id,
        missing=missing(review),
        approved=False,
        facilitator_id=review.facilitator_id,
        by=by,
        at=at,
    )


def facts(review: Review) -> Facts:
    """What is there now: the texts of this instance, the rest counted by the database."""
    standing = PreventiveAction.objects.exclude(state=PreventiveAction.State.DROPPED)
    documents = DocumentUpdate.objects.all()
    counted = Review.objects.filter(pk=review.pk).values(
        rooted=_number(Cause.objects.filter(is_root=True)),
        looked_at=_number(ControlCheck.objects.all()),
        listed=_number(documents),
        undone=_number(documents.filter(state=DocumentUpdate.State.OPEN)),
        learned=_number(Lesson.objects.all()),
        agreed=_number(standing),
        preventing=_number(standing.filter(kind=PreventiveAction.Kind.PREVENT)),
    )
    return Facts(
        severity=review.incident.severity,
        has_root_cause=bool(review.root_cause),
        has_contributing_factors=bool(review.contributing_factors),
        has_no_documents_reason=bool(review.no_documents_reason),
        is_led_by_another=review.facilitator_id not in (None, *commanding(review)),
        **counted.get(),
    )


def commanding(review: Review) -> set[int]:
    """Who commands its incident, and who did when the review opened."""
    found = (review.commander_id, review.incident.commander_id)
    return {pk for pk in found if pk is not None}


def _number(rows: QuerySet[Any]) -> Coalesce:
    """How many of these rows a review has."""
    own = rows.filter(review=OuterRef("pk")).order_by().values("review")
    return Coalesce(
        Subquery(own.annotate(n=Count("pk")).values("n"), output_field=IntegerField()), 0
    )


def as_draft(review: Review, *, sent_back_reason: str = "") -> None:
    """Make it a draft that nobody is asked to approve."""
    review.state, review.remind_at = Review.State.DRAFT, None
    review.asked_at = review.asked_by = review.approved_at = review.approved_by = None
    review.sent_back_reason = sent_back_reason
    review.save()


def missing(review: Review) -> list[str]:
    """What the review lacks before it may be approved, in words."""
    return lacking(facts(review))


def words(text: str, *, lacks: str, limit: int = 10_000) -> str:
    """A text without the space around it; `lacks` is the sentence if nothing is left."""
    found = text.replace("\x00", "").strip()
    if not found:
        raise InvalidInput(lacks)
    if len(found) > limit:
        raise InvalidInput(
            f"This is {len(found)} characters long; {limit} is the most, shorten it."
        )
    return found


def address(link: str) -> str:
    """A web address, or nothing; other schemes never become a link on a page."""
    link = link.strip()
    try:
        if link:
            _is_address(link)
    except ValidationError as error:
        raise InvalidInput("The link has to be a web address: https://…") from error
    if len(link) > 200:
        raise InvalidInput("Keep the link to 200 characters.")
    return link


def require_ahead(due_on: date, at: datetime) -> None:
    """Refuse a day by which nothing can be done, or nobody will be here."""
    if due_on < at.date():
        raise InvalidInput("The due day lies in the past; agree on a later one.")
    if due_on.year > clocks.LATEST:
        raise InvalidInput("Nobody will be here by then; check the year.")


def owner(user_id: int) -> User:
    """A person who can own something: active, and at the desk."""
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is None or not user.roles:
        raise InvalidInput("Choose an owner who works at the desk.")
    return user


def _reopen(review: Review, *, by: Actor, at: datetime) -> None:
    """A review is a draft again once its incident came back: it was reopened, or had gone back a
    phase while the review was with its approvers."""
    if review.is_draft:
        return
    why = "was reopened" if review.is_approved else "had gone back a phase"
    as_draft(review)
    text = f"The review is a draft again: its incident {why}."
    timeline.record(review.incident, Entry.Kind.REVIEW, text, by=by, at=at)
