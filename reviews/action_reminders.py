"""Who is reminded of a preventive action, and when: until it is verified or dropped, also after its
incident closed.

While it is open its owner is; once it is done whoever may verify it.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from cases import owed
from incidentdesk.kernel import clocks
from incidentdesk.kernel.access import Permission
from incidentdesk.kernel.models import User
from reviews import queries
from reviews.models import PreventiveAction
from reviews.models.preventive_action import WAITING

# Whose roles let them write and approve reviews: they look, when nobody of the review can.
LOOKS = (Permission.REVIEW_WRITE, Permission.REVIEW_APPROVE)


@transaction.atomic
def remind(*, at: datetime) -> int:
    """Remind of every waiting action that passed a stage of its time; answers how many mails.

    Once its owner has left, or may not open the incident, whoever leads the review is told, then
    the commander, then the administrators.
    """
    incident = ("review__incident__commander", "review__incident__category")
    rows = PreventiveAction.objects.filter(state__in=WAITING, remind_at__isnull=False)
    rows = rows.select_related("owner", "review__facilitator", *incident)
    return owed.remind(owed.take(rows, lambda row: _owed(row, at=at), at=at), at=at)


def next_of(action: PreventiveAction, *, at: datetime) -> datetime | None:
    """When somebody is reminded next, as the action stands now; None once it is over."""
    if action.state not in WAITING:
        return None
    start, due = _span(action)
    if at <= start:
        return clocks.first_reminder(start, due)
    return clocks.stages(start, due, at).next_at


def _span(action: PreventiveAction) -> tuple[datetime, datetime]:
    """From when until when: the owner's time, or what is left of it for who verifies, a week at
    least."""
    due = clocks.end_of(action.due_on)
    start = action.agreed_at
    if action.state == PreventiveAction.State.DONE and action.ended_at is not None:
        start = action.ended_at
        due = max(due, start + clocks.WEEK)
    return start, due


def _owed(action: PreventiveAction, *, at: datetime) -> owed.Owed:
    """Of a restricted incident it names nothing."""
    incident = action.review.incident
    what = "A preventive action" if incident.is_restricted else f"Preventive action “{action}”"
    start, due = _span(action)
    is_done = action.state == PreventiveAction.State.DONE
    return owed.Owed(
        key=f"action:{action.pk}:{action.state}" if is_done else f"action:{action.pk}",
        what=f"{what} to verify" if is_done else what,
        incident=incident,
        people=_verifiers(action) if is_done else _doers(action),
        start_at=start,
        due_at=due,
        url=f"/admin/reviews/preventiveaction/{action.pk}/change/",
        hint="Somebody who neither owns it nor did it verifies it." if is_done else "",
    )


def _doers(action: PreventiveAction) -> list[User]:
    review = action.review
    return owed.responsible(
        review.incident, action.owner, review.facilitator, review.incident.commander
    )


def _verifiers(action: PreventiveAction) -> list[User]:
    """Whoever leads the review, else the commander, else the security leads: never those who own
    it or did it."""
    review = action.review
    near = [review.facilitator, review.incident.commander]
    others = [*near, *queries.people_who(*LOOKS)]
    able = [one for one in others if one and one.pk not in (action.owner_id, action.ended_by_id)]
    return owed.responsible(review.incident, *able)
