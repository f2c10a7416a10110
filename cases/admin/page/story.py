"""The page of what went out about an incident: who was told by which way, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from cases import resending, story
from cases.admin.page import moments
from cases.models import Entry, Incident
from incidentdesk.kernel.access import Actor
from notifications.models import EscalationEvent, Message, MessageEvent
from partners import directory
from partners.models import Contact

_Event = MessageEvent.Event
_WORDS = {_Event.SENT: "handed over", _Event.RETRY: "not taken, tried again"}
_COLOURS = {
    **dict.fromkeys((_Event.FAILED, _Event.BOUNCED), "bad"),
    **dict.fromkeys((_Event.SENT, _Event.DELIVERED), "ok"),
    **dict.fromkeys((_Event.RETRY, _Event.REPEATED), "warn"),
}
_STATES = {
    **dict.fromkeys((Message.State.FAILED, Message.State.BOUNCED), "bad"),
    **dict.fromkeys((Message.State.SENT, Message.State.DELIVERED), "ok"),
}
_WAYS = {"email": "mail", "apprise": "chat or phone", "webhook": "webhook"}
_DOTS = {Entry.Kind.NOTICE: "p", Entry.Kind.PARTNER: "p"}


@dataclass(frozen=True)
class Try:
    """What happened to a message; several tries with one answer are one."""

    at: datetime
    words: str
    detail: str
    colour: str
    count: int = 1


@dataclass(frozen=True)
class Shown:
    """One line of the page; `day` is set where another day begins."""

    at: datetime
    day: str
    dot: str
    words: str
    note: str = ""
    message: Message | None = None
    whom: str = ""
    way: str = ""
    colour: str = ""
    again: bool = False  # whether it is offered to be sent again
    tries: list[Try] = field(default_factory=list)


def build(
    incident: Incident, by: Actor, *, after: str, until: str, is_whole: bool, now: datetime
) -> dict[str, Any]:
    """A page of the story, or all of it; a fixed number of queries."""
    size = story.WHOLE if is_whole else story.PAGE
    found = story.of(incident, by, after=after, until=until, size=size)
    partners = {row.partner_id: row.partner.name for row in _involved(incident)}
    contacts = {one.email.lower(): one for one in directory.contacts_of(list(partners))}
    lines, last = list[Shown](), None
    for line in found.lines:
        at = line.mark.at
        day = moments.day(at, now) if at.date() != last else ""
        shown = _shown(line, day, partners, contacts)
        if shown.message is not None and shown.message.about == incident.about:
            shown = replace(shown, again=resending.is_worth_asking(shown.message, by))
        lines.append(shown)
        last = at.date()
    return {"lines": lines, "before": found.before, "after": found.after}


def _involved(incident: Incident) -> Sequence[Any]:
    return list(incident.involvements.select_related("partner"))


def _shown(
    line: story.Line, day: str, partners: dict[int, str], contacts: dict[str, Contact]
) -> Shown:
    at, row = line.mark.at, line.row
    if isinstance(row, Entry):
        note = row.partner.name if row.partner else row.actor
        return Shown(at, day, _DOTS.get(Entry.Kind(row.kind), "a"), line.words, note)
    if isinstance(row, EscalationEvent):
        return Shown(at, day, "a", line.words, row.get_event_display())
    return Shown(
        at,
        day,
        "t",
        line.words,
        message=row,
        whom=_whom(row, partners, contacts),
        way=_way(row),
        colour=_STATES.get(Message.State(row.state), "mute"),
        tries=_tries(line.events),
    )


def _whom(row: Message, partners: dict[int, str], contacts: dict[str, Contact]) -> str:
    """A person of the desk, a contact with the partner, a partner's program, or an address."""
    if row.to_user is not None:
        return str(row.to_user)
    if row.channel == "webhook":
        number = row.line.removeprefix("partner:")
        return partners.get(int(number), "") if number.isdecimal() else ""
    contact = contacts.get(row.to_address.lower())
    return f"{contact} ({partners[contact.partner_id]})" if contact else row.to_address


def _way(row: Message) -> str:
    if row.method is not None:
        return f"“{row.method}”, {row.to_address}"
    return f"{_WAYS.get(row.channel, row.channel)}, {row.to_address}"


def _tries(events: Sequence[MessageEvent]) -> list[Try]:
    """The log of a message; what repeats word for word is counted, with its last time."""
    found = list[Try]()
    for event in events:
        kind = _Event(event.event)
        words = _WORDS.get(kind, str(kind.label))
        count = 1
        if (
            found
            and kind == _Event.RETRY
            and (found[-1].words, found[-1].detail)
            == (
                words,
                event.detail,
            )
        ):
            count = found.pop().count + 1
        found.append(Try(event.at, words, event.detail, _COLOURS.get(kind, "mute"), count))
    return found
