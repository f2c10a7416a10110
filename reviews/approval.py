"""Approval of a review: asked for → sent back, or given by `workflow.finish`.

While it is asked for nothing of the review changes. Who may approve is told once and reminded.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from cases import owed, roster, sight, timeline
from cases.models import Entry, Phase
from incidentdesk.kernel import access, clocks
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, GateNotMet
from incidentdesk.kernel.models import User
from incidentdesk.kernel.roles import ROLES
from reviews import drafting
from reviews.models import Review

WITHIN = 2  # business days in which a review is approved or sent back
NOBODY = (
    "Nobody can approve the review: no approver who did not command may open this incident. It "
    "waits until one is admitted or given the role."
)


@transaction.atomic
def ask(*, review_id: int, by: Actor, at: datetime) -> Review:
    """Draft → in review: it is complete, its approvers are told, and nothing of it changes.

    Raises GateNotMet naming everything that lacks.
    """
    review = drafting.locked(review_id, by=by)
    access.require(by, Permission.REVIEW_WRITE)
    drafting.require_draft(review, by=by, at=at)
    if lacks := drafting.missing(review):
        raise GateNotMet("Asking for approval", lacks)
    review.state, review.asked_at, review.sent_back_reason = Review.State.IN_REVIEW, at, ""
    review.asked_by_id = by.person_id
    review.remind_at = clocks.first_reminder(at, due_at(at))
    review.save()
    drafting.note(review, "Approval of the review asked for.", by=by, at=at)
    if not approvers(review):
        timeline.record(review.incident, Entry.Kind.REVIEW, NOBODY, by=by, at=at)
    owed.remind([_owed(review)], at=at)
    return review


@transaction.atomic
def send_back(*, review_id: int, reason: str, by: Actor, at: datetime) -> Review:
    """In review → draft: something has to change first. Whoever asked is told."""
    review = drafting.locked(review_id, by=by)
    access.require(by, Permission.REVIEW_APPROVE)
    drafting.require_phase(review)
    if not review.is_in_review:
        raise Conflict("Nobody asks for an approval of this review; look at the page again.")
    reason = drafting.words(reason, lacks="Say what has to change; whoever asked reads it.")
    owed.remind([_returned(review, at=at)], at=at)
    drafting.as_draft(review, sent_back_reason=reason)
    timeline.record(review.incident, Entry.Kind.REVIEW, f"Review sent back: {reason}", by=by, at=at)
    return review


@transaction.atomic
def remind(*, at: datetime) -> int:
    """Remind the approvers of every review that passed a stage of their time; answers how many
    mails."""
    rows = Review.objects.filter(state=Review.State.IN_REVIEW, incident__phase=Phase.REVIEW)
    rows = rows.select_related("incident__commander", "incident__category")
    return owed.remind(owed.take(rows, _owed, at=at), at=at)


# --- who approves, and what they are told ---------------------------------------------------------


def barred(review: Review) -> set[int]:
    """Whoever commanded the incident, now or ever, or when its review opened. One query."""
    found = roster.commanded(review.incident)
    return found | ({review.commander_id} if review.commander_id else set())


def approvers(review: Review) -> list[User]:
    """Whom a review is put to: approvers by role; without one, all who may approve it."""
    may = [key for key, role in ROLES.items() if Permission.REVIEW_APPROVE in role.permissions]
    people = User.objects.filter(is_active=True, roles__overlap=may).exclude(pk__in=barred(review))
    found = [
        person
        for person in people.order_by("pk")
        if not sight.is_closed(review.incident, access.actor_for(person))
    ]
    return [person for person in found if "approver" in person.roles] or found


def due_at(asked_at: datetime) -> datetime:
    """Until when it is approved or sent back."""
    return clocks.add(asked_at, WITHIN, clocks.Counting.BUSINESS_DAYS)


def _owed(review: Review) -> owed.Owed:
    incident, asked_at = review.incident, review.asked_at or review.opened_at
    people = owed.reachable(incident, *approvers(review))
    return owed.Owed(
        key=f"review:{review.pk}",
        what="Approval of the review",
        incident=incident,
        people=people or owed.responsible(incident, incident.commander),
        start_at=asked_at,
        due_at=due_at(asked_at),
        url=_page(review),
        hint="Approve it, or send it back with a reason.",
    )


def _returned(review: Review, *, at: datetime) -> owed.Owed:
    """Told is who asked; once they have left, who leads the review, then the commander."""
    incident = review.incident
    people = owed.responsible(incident, review.asked_by, review.facilitator, incident.commander)
    return owed.Owed(
        key=f"review-back:{review.pk}",
        what="The review that was sent back",
        incident=incident,
        people=people,
        start_at=at,
        due_at=due_at(at),
        url=_page(review),
    )


def _page(review: Review) -> str:
    return f"/admin/reviews/review/{review.pk}/change/"
