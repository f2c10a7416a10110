"""Preventive actions: agreed → in progress → done → verified by another person, or dropped.

They stay alive after their incident closed, and are reminded of until they are verified or dropped
(`action_reminders`). The issue tracker is told of each change (`tracking`).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import transaction

from cases import timeline
from cases.models import Entry, Phase
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotFound
from reviews import action_reminders, drafting, tracking
from reviews.models import Control, DocumentUpdate, Postponement, PreventiveAction, Review

State = PreventiveAction.State
WITHIN_DAYS = {1: 30, 2: 60, 3: 90, 4: 90}  # by severity: until an action is verified


def proposed_due(severity: int, at: datetime) -> date:
    """The day by which an action that is agreed now should be verified."""
    return at.date() + timedelta(days=WITHIN_DAYS[severity])


@transaction.atomic
def agree(
    *,
    review_id: int,
    title: str,
    kind: str,
    owner_id: int,
    due_on: date | None = None,
    priority: int = PreventiveAction.Priority.MEDIUM,
    control_id: int | None = None,
    document_id: int | None = None,
    by: Actor,
    at: datetime,
) -> PreventiveAction:
    """Agree what is done so that it does not come back, by whom, and verified by which day.

    Without a day it is the one of the severity: 30, 60, 90 days.
    """
    review = drafting.locked(review_id, by=by)
    access.require(by, Permission.REVIEW_WRITE)
    drafting.require_draft(review, by=by, at=at)
    _require_choices(kind, priority)
    due_on = due_on or proposed_due(review.incident.severity, at)
    drafting.require_ahead(due_on, at)
    action = PreventiveAction(
        review=review,
        title=drafting.words(title, lacks="Say in a few words what will be done.", limit=200),
        kind=kind,
        priority=priority,
        owner=drafting.owner(owner_id),
        due_on=due_on,
        control=_control(control_id),
        document=_document(review, document_id),
        agreed_at=at,
    )
    _save(action, tracking.CREATED, by=by, at=at)
    text = f"Action agreed ({kind}): {action.title}, {action.owner}, by {due_on:%-d %b %Y}."
    drafting.note(review, text, by=by, at=at)
    return action


@transaction.atomic
def start(*, action_id: int, by: Actor, at: datetime) -> PreventiveAction:
    """Somebody works on it."""
    action = drafting.locked_part(PreventiveAction, action_id, by=by)
    access.require(by, Permission.REVIEW_WRITE)
    begin(action, by=by, at=at)
    _save(action, tracking.CHANGED, by=by, at=at)
    return action


@transaction.atomic
def finish(*, action_id: int, note: str, by: Actor, at: datetime) -> PreventiveAction:
    """The action is done; `note` says how one can see it. Another person verifies it."""
    action = drafting.locked_part(PreventiveAction, action_id, by=by)
    access.require(by, Permission.REVIEW_WRITE)
    complete(action, note, by=by, at=at)
    _save(action, tracking.CHANGED, by=by, at=at)
    return action


@transaction.atomic
def verify(*, action_id: int, evidence: str, by: Actor, at: datetime) -> PreventiveAction:
    """Somebody who neither owns it nor did it saw that it works; `evidence` shows it."""
    action = drafting.locked_part(PreventiveAction, action_id, by=by)
    access.require(by, Permission.REVIEW_WRITE)
    _require_second_person(action, by, "verify it")
    action.evidence = drafting.words(
        evidence, lacks="Say what shows that it works: a test, a record, a change."
    )
    action.state, action.verified_at = State.VERIFIED, at
    action.verified_by_id = by.person_id
    _save(action, tracking.ENDED, by=by, at=at)
    _note(action, f"Action verified: {action.title}. {action.evidence}", by=by, at=at)
    return action


@transaction.atomic
def send_back(*, action_id: int, reason: str, by: Actor, at: datetime) -> PreventiveAction:
    """It was called done and does not hold: it is in progress again, and the timeline says why."""
    action = drafting.locked_part(PreventiveAction, action_id, by=by)
    access.require(by, Permission.REVIEW_WRITE)
    _require_second_person(action, by, "send it back")
    said = drafting.words(reason, lacks="Say what was not found to hold; it goes on the timeline.")
    action.state, action.ended_at, action.ended_by = State.IN_PROGRESS, None, None
    _save(action, tracking.CHANGED, by=by, at=at)
    _note(action, f"Action sent back, not verified: {action.title}. {said}", by=by, at=at)
    return action


@transaction.atomic
def drop(*, action_id: int, reason: str, by: Actor, at: datetime) -> PreventiveAction:
    """The action will not be done, for a reason that stays with it."""
    action = drafting.locked_part(PreventiveAction, action_id, by=by)
    access.require(by, Permission.REVIEW_WRITE)
    lacks = "Dropping an action needs a reason; it stays in the register."
    _end(action, State.DROPPED, reason, lacks=lacks, by=by, at=at)
    _save(action, tracking.ENDED, by=by, at=at)
    return action


@transaction.atomic
def postpone(
    *, action_id: int, due_on: date, reason: str, by: Actor, at: datetime
) -> PreventiveAction:
    """Move the due day, with a reason; where it stood before is kept."""
    action = drafting.locked_part(PreventiveAction, action_id, by=by)
    access.require(by, Permission.REVIEW_WRITE)
    if not action.is_waiting:
        raise Conflict(f"“{action.title}” was {action.get_state_display()} already.")
    drafting.require_ahead(due_on, at)
    if due_on == action.due_on:
        raise InvalidInput("It is due on that day already; choose another one.")
    said = drafting.words(reason, lacks="Say why the day moves; it stays with the action.")
    Postponement.objects.create(
        action=action,
        before_on=action.due_on,
        after_on=due_on,
        reason=said,
        at=at,
        moved_by_id=by.person_id,
    )
    days = f"{action.due_on:%-d %b %Y} to {due_on:%-d %b %Y}"
    action.due_on = due_on
    _save(action, tracking.CHANGED, by=by, at=at)
    _note(action, f"Action due later: {action.title}, from {days}. {said}", by=by, at=at)
    return action


# --- steps, which `synchronising` takes as well ---------------------------------------------------


def put(action: PreventiveAction, *, at: datetime) -> None:
    """Save a changed action with its next reminder and its number of changes."""
    action.remind_at = action_reminders.next_of(action, at=at)
    action.revision += 1
    action.save()


def begin(action: PreventiveAction, *, by: Actor, at: datetime) -> None:
    """Agreed → in progress, on a locked row."""
    if action.state != State.AGREED:
        raise Conflict(f"“{action.title}” is {action.get_state_display()} already.")
    action.state = State.IN_PROGRESS
    _note(action, f"Action in progress: {action.title}.", by=by, at=at)


def complete(action: PreventiveAction, note: str, *, by: Actor, at: datetime) -> None:
    """Open → done, on a locked row."""
    lacks = "Say how it was done and where one can see it."
    _end(action, State.DONE, note, lacks=lacks, by=by, at=at)


def _end(
    action: PreventiveAction, state: str, note: str, *, lacks: str, by: Actor, at: datetime
) -> None:
    if not action.is_open:
        raise Conflict(f"“{action.title}” was {action.get_state_display()} already.")
    action.note = drafting.words(note, lacks=lacks)
    action.state, action.ended_at, action.ended_by_id = state, at, by.person_id
    _note(
        action, f"Action {action.get_state_display()}: {action.title}. {action.note}", by=by, at=at
    )


def _require_second_person(action: PreventiveAction, by: Actor, verb: str) -> None:
    if action.state != State.DONE:
        raise Conflict(
            f"“{action.title}” is {action.get_state_display()}; only what is done can be looked at."
        )
    if by.person_id in (action.owner_id, action.ended_by_id):
        raise InvalidInput(f"You own this action or did it; somebody else has to {verb}.")


def _require_choices(kind: str, priority: int) -> None:
    if kind not in PreventiveAction.Kind.values:
        raise InvalidInput("An action prevents, detects or responds; choose one.")
    if priority not in PreventiveAction.Priority.values:
        raise InvalidInput("A priority is 1 (high), 2 (medium) or 3 (low).")


def _control(control_id: int | None) -> Control | None:
    if control_id is None:
        return None
    found = Control.objects.filter(pk=control_id).first()
    if found is None:
        raise NotFound("There is no such control; look at the register.")
    return found


def _document(review: Review, document_id: int | None) -> DocumentUpdate | None:
    if document_id is None:
        return None
    found = review.documents.filter(pk=document_id).first()
    if found is None:
        raise NotFound("This review lists no such document; add it first.")
    return found


def _save(action: PreventiveAction, event: str, *, by: Actor, at: datetime) -> None:
    """With its next reminder, a message to the issue tracker, and what an open review lacks now."""
    put(action, at=at)
    tracking.tell(action, event, at=at)
    review = action.review
    if event != tracking.CREATED and review.is_draft and review.incident.phase == Phase.REVIEW:
        drafting.tell(review, by=by, at=at)


def _note(action: PreventiveAction, text: str, *, by: Actor, at: datetime) -> None:
    timeline.record(action.review.incident, Entry.Kind.REVIEW, text, by=by, at=at)
