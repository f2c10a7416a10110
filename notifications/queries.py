"""What others read from the post office: messages and escalations about one thing, in words."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from django.db.models import Exists, OuterRef, QuerySet

from incidentdesk.kernel import sealed
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.roles import ROLES
from notifications.models import (
    Escalation,
    EscalationEvent,
    EscalationPath,
    Message,
    MessageEvent,
)


@dataclass(frozen=True)
class Entry:
    """One line of the log; `event` is a key for its colour."""

    at: datetime
    event: str
    words: str


def about(about: str) -> QuerySet[Message]:
    """The messages about one thing, newest first, with the person each went to."""
    return Message.objects.filter(about=about).select_related("to_user").order_by("-id")


def told(abouts: Collection[str]) -> QuerySet[Message]:
    """The messages about several things, with whom each is for and by which way."""
    return Message.objects.filter(about__in=abouts).select_related("to_user", "method")


def steps(abouts: Collection[str]) -> QuerySet[EscalationEvent]:
    """What the paths did about several things. That somebody acknowledged is told by whoever owns
    the thing."""
    rows = EscalationEvent.objects.filter(escalation__about__in=abouts)
    return rows.exclude(event=EscalationEvent.Event.ACKNOWLEDGED)


def written(keys: Iterable[str]) -> dict[str, Message]:
    """The messages that were written under these dedupe keys, by key. One query."""
    return {row.dedupe_key: row for row in Message.objects.filter(dedupe_key__in=list(keys))}


def wrote(message_id: str) -> bool:
    """Whether a mail with this Message-ID is one that was written here."""
    return bool(message_id) and Message.objects.filter(message_id=message_id).exists()


def escalation(about: str) -> Escalation | None:
    """The last escalation about one thing, whatever its state."""
    rows = Escalation.objects.filter(about=about).select_related("path")
    return rows.order_by("-id").first()


def whom_it_pages(path: EscalationPath | None) -> list[str]:
    """The steps of a path in words, in order: `at once: First responders`. Four queries."""
    if path is None:
        return ["at once: the administrators"]
    found = []
    for step in path.steps.order_by("position").prefetch_related("groups", "rotas", "users"):
        roles = [f"everybody who is {ROLES[key].label}" for key in step.roles if key in ROLES]
        reached = (*step.groups.all(), *step.rotas.all(), *step.users.all())
        names = [*(str(one) for one in reached), *roles, *step.addresses]
        when = f"after {step.after_minutes} min" if step.after_minutes else "at once"
        found.append(f"{when}: {', '.join(names) or 'nobody'}")
    return found


def visible_to(actor: Actor) -> QuerySet[Escalation]:
    """The escalations that this actor may read: not those about what is sealed from it."""
    return Escalation.objects.exclude(sealed.from_(actor)).select_related("path")


def messages_visible_to(actor: Actor) -> QuerySet[Message]:
    """The messages that this actor may read: not those about what is sealed from it, nor a list
    that names some of it."""
    rows = Message.objects.exclude(sealed.from_(actor)).exclude(sealed.among(actor, "names"))
    return rows.select_related("to_user")


def waiting_for_acknowledgement(actor: Actor) -> QuerySet[Escalation]:
    """What pages people and has no acknowledgement yet, the next step first."""
    running = visible_to(actor).filter(state=Escalation.State.RUNNING)
    return running.order_by("next_action_at", "id")


def _pages() -> QuerySet[Message]:
    """The pages of an escalation that runs, to be joined to it by OuterRef."""
    return Message.objects.filter(
        about=OuterRef("about"), is_page=True, created_at__gte=OuterRef("started_at")
    )


def pages_about(user_id: int) -> QuerySet[Escalation, str]:
    """What this person is being paged about, as `about` strings: a subquery."""
    running = Escalation.objects.filter(state=Escalation.State.RUNNING).order_by()
    return running.filter(Exists(_pages().filter(to_user_id=user_id))).values_list(
        "about", flat=True
    )


def people_paged(about: str) -> list[int]:
    """Whom an escalation that runs about this has paged so far."""
    running = Escalation.objects.filter(
        state=Escalation.State.RUNNING,
        about=OuterRef("about"),
        started_at__lte=OuterRef("created_at"),
    )
    pages = Message.objects.filter(Exists(running), about=about, is_page=True)
    people = pages.filter(to_user__isnull=False).order_by("to_user_id")
    return list(people.values_list("to_user_id", flat=True).distinct())


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
