"""Preventive actions: agree → finish, or drop. They stay alive after their incident closed, and are
reminded of."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction

from cases import owed, timeline
from cases.models import Entry, Phase
from incidentdesk.kernel import access, clocks
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, InvalidInput
from reviews import drafting
from reviews.models import PreventiveAction


@transaction.atomic
def agree(
    *,
    review_id: int,
    title: str,
    kind: str,
    owner_id: int,
    due_on: date,
    by: Actor,
    at: datetime,
) -> PreventiveAction:
    """Agree what is done so that it does not come back, by whom, and by which day."""
    review = drafting.locked(review_id, by=by)
    access.require(by, Permission.REVIEW_WRITE)
    drafting.require_draft(review, by=by, at=at)
    if kind not in PreventiveAction.Kind.values:
        raise InvalidInput("An action prevents, detects or responds; choose one.")
    if due_on < at.date():
        raise InvalidInput("The due day lies in the past; agree on a later one.")
    action = PreventiveAction.objects.create(
        review=review,
        title=drafting.words(title, lacks="Say in a few words what will be done.", limit=200),
        kind=kind,
        owner=drafting.owner(owner_id),
        due_on=due_on,
        agreed_at=at,
        remind_at=clocks.first_reminder(at, clocks.end_of(due_on)),
    )
    text = f"Action agreed ({kind}): {action.title}, {action.owner}, by {due_on:%-d %b %Y}."
    drafting.note(review, text, by=by, at=at)
    return action


@transaction.atomic
def finish(*, action_id: int, note: str, by: Actor, at: datetime) -> PreventiveAction:
    """The action is done; `note` says how one can see it."""
    action = drafting.locked_part(PreventiveAction, action_id, by=by)
    access.require(by, Permission.REVIEW_WRITE)
    lacks = "Say how it was done and where one can see it."
    return _end(action, PreventiveAction.State.DONE, note, lacks=lacks, by=by, at=at)


@transaction.atomic
def drop(*, action_id: int, reason: str, by: Actor, at: datetime) -> PreventiveAction:
    """The action will not be done, for a reason that stays with it."""
    action = drafting.locked_part(PreventiveAction, action_id, by=by)
    access.require(by, Permission.REVIEW_WRITE)
    lacks = "Dropping an action needs a reason; it stays in the register."
    return _end(action, PreventiveAction.State.DROPPED, reason, lacks=lacks, by=by, at=at)


@transaction.atomic
def remind(*, at: datetime) -> int:
    """Remind of every open action that passed a stage of its time; answers how many mails.

    Also after its incident closed. Once its owner has left, or may not open the incident, whoever
    leads the review is told, then the commander.
    """
    incident = ("review__incident__commander", "review__incident__category")
    rows = PreventiveAction.objects.filter(state=PreventiveAction.State.OPEN)
    rows = rows.select_related("owner", "review__facilitator", *incident)
    return owed.remind(owed.take(rows, _owed, at=at), at=at)


def _owed(action: PreventiveAction) -> owed.Owed:
    """Of a restricted incident it names nothing."""
    review, incident = action.review, action.review.incident
    what = "A preventive action" if incident.is_restricted else f"Preventive action “{action}”"
    return owed.Owed(
        key=f"action:{action.pk}",
        what=what,
        incident=incident,
        people=owed.responsible(incident, action.owner, review.facilitator, incident.commander),
        start_at=action.agreed_at,
        due_at=clocks.end_of(action.due_on),
        url=f"/admin/reviews/preventiveaction/{action.pk}/change/",
    )


def _end(
    action: PreventiveAction, state: str, note: str, *, lacks: str, by: Actor, at: datetime
) -> PreventiveAction:
    if not action.is_open:
        raise Conflict(f"“{action.title}” was {action.get_state_display()} already.")
    action.note = drafting.words(note, lacks=lacks)
    action.state, action.ended_at, action.ended_by_id = state, at, by.person_id
    action.save()
    review = action.review
    text = f"Action {action.get_state_display()}: {action.title}. {action.note}"
    timeline.record(review.incident, Entry.Kind.REVIEW, text, by=by, at=at)
    if review.is_draft and review.incident.phase == Phase.REVIEW:
        drafting.tell(review, by=by, at=at)
    return action
