"""What others read from the post office: messages and escalations about one thing, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from django.db.models import QuerySet

from notifications.models import Escalation, EscalationEvent, Message, MessageEvent


@dataclass(frozen=True)
class Entry:
    """One line of the log; `event` is a key for its colour."""

    at: datetime
    event: str
    words: str


def about(about: str) -> QuerySet[Message]:
    """The messages about one thing, newest first, with the person each went to."""
    return Message.objects.filter(about=about).select_related("to_user").order_by("-id")


def escalation(about: str) -> Escalation | None:
    """The last escalation about one thing, whatever its state."""
    rows = Escalation.objects.filter(about=about).select_related("path")
    return rows.order_by("-id").first()


def waiting_for_acknowledgement() -> QuerySet[Escalation]:
    """What pages people and has no acknowledgement yet, the next step first."""
    running = Escalation.objects.filter(state=Escalation.State.RUNNING).select_related("path")
    return running.order_by("next_action_at", "id")


def log(about: str, *, limit: int = 200) -> list[Entry]:
    """What the post office did about one thing, in order; the last `limit` lines. Two queries."""
    sent = MessageEvent.objects.filter(message__about=about).select_related("message")
    steps = EscalationEvent.objects.filter(escalation__about=about)
    entries = [_of_message(line) for line in sent.order_by("-id")[:limit]]
    entries += [Entry(line.at, line.event, line.detail) for line in steps.order_by("-id")[:limit]]
    entries.reverse()  # at one moment: first the step, then the messages that it queued
    entries.sort(key=attrgetter("at"))
    return entries[-limit:]


def _of_message(line: MessageEvent) -> Entry:
    message = line.message
    words = f"“{message.subject}” to {message.to_address}: {line.get_event_display()}"
    return Entry(line.at, line.event, f"{words} ({line.detail})" if line.detail else words)
