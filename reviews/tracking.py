"""What an issue tracker is told of preventive actions, as Standard Webhooks, through the outbox.

A message is written in the transaction of the change. Its id names the action and the number of its
change, the same on every try; `key` in it names the action, so that a tracker makes one ticket of
it. Of a restricted incident nothing but the number and the link of an action leaves the desk; of a
drill nothing at all.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from cases.models import Incident
from incidentdesk.kernel import access, audit
from incidentdesk.kernel.access import Actor
from notifications import outbox, queries
from notifications.models import ContactMethod, Message
from partners import deliveries, webhooks
from reviews.models import PreventiveAction, Tracker

CREATED, CHANGED, ENDED = "action.created", "action.changed", "action.ended"
KINDS = (CREATED, CHANGED, ENDED)
GONE = "Its server answered that the address is gone (HTTP 410)."


def tell(action: PreventiveAction, event: str, *, at: datetime) -> None:
    """Write the message to the tracker that is on, if there is one; inside a use case."""
    incident = action.review.incident
    tracker = None if incident.is_exercise else Tracker.objects.filter(off_since=None).first()
    if tracker is None:
        return
    entry = _entry(action, event, at=at)
    draft = outbox.Draft(
        kind=event,
        to=tracker.url,
        about=incident.about,
        dedupe_key=f"tracker:{tracker.pk}:{entry['id']}",
        channel=ContactMethod.Channel.WEBHOOK,
        line=line_of(tracker),
        payload=json.dumps(entry, ensure_ascii=False, separators=(",", ":")),
    )
    outbox.queue_many([draft], at=at)


def line_of(tracker: Tracker) -> str:
    """Its line among those that take turns."""
    return f"tracker:{tracker.pk}"


def sent_to(tracker: Tracker, actor: Actor) -> QuerySet[Message]:
    """What was sent to it, newest first; of incidents that this actor may open."""
    return queries.messages_visible_to(actor).filter(line=line_of(tracker)).order_by("-id")


def call_off(tracker: Tracker, words: str, *, at: datetime) -> None:
    """Nothing that waits for it is sent any more; inside a use case."""
    waiting = Message.objects.filter(line=line_of(tracker), state=Message.State.QUEUED)
    outbox.end(waiting, Message.State.SUPPRESSED, words, at=at)


# --- what the post office asks of a message that goes to a program --------------------------------


def target_of(message: Message, *, at: datetime) -> tuple[str, list[str]] | None:
    """Its id and what signs it: ours, or a partner's webhook. None if it is not wanted any more, or
    if it says too much of an incident that was restricted since."""
    if message.kind not in KINDS:
        return deliveries.target_of(message, at=at)
    tracker, entry = _of(message), json.loads(message.body_text)
    if tracker is None or not tracker.is_on or _says_too_much(entry, message):
        return None
    return entry["id"], [tracker.secret]


@transaction.atomic
def gone(message: Message, *, at: datetime) -> None:
    """The address is gone for good: switch it off, and leave that in the audit trail."""
    if message.kind not in KINDS:
        webhooks.gone(message, at=at)
        return
    tracker = _of(message)
    if tracker is None or not tracker.is_on:
        return
    tracker.off_since, tracker.off_because = at, GONE
    tracker.save(update_fields=["off_since", "off_because"])
    call_off(tracker, GONE, at=at)
    about, name = f"tracker:{tracker.pk}", tracker.name
    audit.record(by=access.SYSTEM, at=at, action="switched off tracker", about=about, name=name)


def _of(message: Message) -> Tracker | None:
    number = message.line.removeprefix("tracker:")
    return Tracker.objects.filter(pk=number).first() if number.isdecimal() else None


def _says_too_much(entry: dict[str, Any], message: Message) -> bool:
    restricted = Incident.objects.filter(is_restricted=True)
    number = message.about.removeprefix("incident:")
    return entry["data"].keys() != {"number", "link"} and restricted.filter(pk=number).exists()


def _entry(action: PreventiveAction, event: str, *, at: datetime) -> dict[str, Any]:
    key = f"action-{action.pk}"
    return {
        "id": f"{key}-{action.revision}",
        "key": key,
        "type": event,
        "timestamp": at.isoformat().replace("+00:00", "Z"),
        "data": _data(action),
    }


def _data(action: PreventiveAction) -> dict[str, Any]:
    incident = action.review.incident
    path = f"/admin/reviews/preventiveaction/{action.pk}/change/"
    number: dict[str, Any] = {"number": action.pk, "link": f"{settings.SITE_URL}{path}"}
    if incident.is_restricted:
        return number
    return number | {
        "title": action.title,
        "kind": action.kind,
        "priority": action.priority,
        "state": action.state,
        "due_on": action.due_on.isoformat(),
        "owner": {"name": action.owner.name, "email": action.owner.email},
        "incident": incident.reference,
        "note": action.note,
        "reference": action.external_reference,
    }
