"""What an issue tracker tells the desk of a preventive action: its name there, and its progress.

It may say that work began or is done. That it is verified only a person at the desk says.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from cases import timeline
from cases.models import Entry
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, InvalidInput
from reviews import actions, drafting
from reviews.models import PreventiveAction

State = PreventiveAction.State
MAY_SET = (State.IN_PROGRESS.value, State.DONE.value)


@transaction.atomic
def note(
    *,
    action_id: int,
    reference: str = "",
    link: str = "",
    state: str = "",
    remark: str = "",
    by: Actor,
    at: datetime,
) -> PreventiveAction:
    """What the tracker calls the action, where it is there, and that it is in progress or done.

    What is left out stays as it is, and so does a state that it has already; the tracker is not
    told of what it said itself. Never verified: a person looks at that.
    """
    action = drafting.locked_part(PreventiveAction, action_id, by=by)
    access.require(by, Permission.ACTION_SYNC)
    if state and state not in MAY_SET:
        raise InvalidInput("A tracker sets in_progress or done; people at the desk do the rest.")
    was_named = _name(action, reference, link, by=by, at=at)
    if state and state != action.state:
        _move(action, state, remark, by=by, at=at)
        actions.put(action, at=at)
    elif was_named:
        action.save(update_fields=["external_reference", "external_link"])
    return action


def _name(action: PreventiveAction, reference: str, link: str, *, by: Actor, at: datetime) -> bool:
    """What it is called there; whether that is new."""
    called = reference.replace("\x00", "").strip()
    if len(called) > 80:
        raise InvalidInput("A reference has 80 characters at most.")
    before = action.external_reference, action.external_link
    action.external_reference = called or action.external_reference
    action.external_link = drafting.address(link) or action.external_link
    is_new = (action.external_reference, action.external_link) != before
    if is_new:
        where = " ".join(filter(None, (action.external_reference, action.external_link)))
        text = f"Action in the issue tracker: {action.title}, {where}."
        timeline.record(action.review.incident, Entry.Kind.REVIEW, text, by=by, at=at)
    return is_new


def _move(action: PreventiveAction, state: str, remark: str, *, by: Actor, at: datetime) -> None:
    if not action.is_open:
        raise Conflict(f"“{action.title}” was {action.get_state_display()} already.")
    if state == State.IN_PROGRESS:
        actions.begin(action, by=by, at=at)
        return
    called = action.external_reference or "no reference given"
    actions.complete(
        action, remark.strip() or f"Done in the issue tracker: {called}.", by=by, at=at
    )
