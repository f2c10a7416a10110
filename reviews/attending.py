"""Who took part in a review: people of the desk, others by their name, some for a partner."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, InvalidInput
from partners.models import Partner
from reviews import drafting
from reviews.models import Attendee, Review


@transaction.atomic
def add(
    *,
    review_id: int,
    user_id: int | None = None,
    name: str = "",
    partner_id: int | None = None,
    by: Actor,
    at: datetime,
) -> Attendee:
    """List who took part: somebody of the desk, or a name, perhaps with the partner it is from."""
    review = drafting.locked(review_id, by=by)
    access.require(by, Permission.REVIEW_WRITE)
    drafting.require_draft(review, by=by, at=at)
    if bool(user_id) == bool(name.strip()):
        raise InvalidInput("Choose somebody of the desk, or write a name: one of the two.")
    if user_id and partner_id:
        raise InvalidInput("Who works at the desk took part for no partner; choose none.")
    attendee = Attendee(review=review, added_at=at)
    if user_id:
        attendee.user = drafting.owner(user_id)
    else:
        attendee.name = drafting.words(name, lacks="Write a name.", limit=120)
        attendee.partner = _partner(review, partner_id)
    same = review.attendees.filter(user=attendee.user, name=attendee.name, partner=attendee.partner)
    if same.exists():
        raise Conflict(f"{attendee} is listed already.")
    attendee.save(force_insert=True)
    drafting.note(review, f"Took part in the review: {attendee}.", by=by, at=at)
    return attendee


@transaction.atomic
def remove(*, attendee_id: int, by: Actor, at: datetime) -> None:
    """Take back who was listed by mistake."""
    attendee = drafting.locked_part(Attendee, attendee_id, by=by)
    access.require(by, Permission.REVIEW_WRITE)
    drafting.require_draft(attendee.review, by=by, at=at)
    attendee.delete()
    drafting.note(attendee.review, f"Took no part in the review: {attendee}.", by=by, at=at)


def _partner(review: Review, partner_id: int | None) -> Partner | None:
    if partner_id is None:
        return None
    found = Partner.objects.filter(pk=partner_id, involvements__incident=review.incident).first()
    if found is None:
        raise InvalidInput("Choose a partner that this incident affects, or none.")
    return found
