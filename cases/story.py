"""The story of what went out about an incident: messages with every try, the steps of its path, and
what people did about it, in the order in which it happened. Reads only.

It stands in three logs: the messages, the escalation's, and the timeline. A page of it begins after
a mark, which names the moment, the log and the row, so that nothing is counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any

from django.db.models import Q, QuerySet

from cases import reading
from cases.models import Entry, Incident
from cases.queries import visible_to
from incidentdesk.kernel.access import Actor
from notifications import queries as post
from notifications.models import EscalationEvent, Message, MessageEvent

PAGE = 100
WHOLE = 5_000  # lines at most, on paper
KINDS = (Entry.Kind.PAGE, Entry.Kind.NOTICE, Entry.Kind.PARTNER)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, order=True)
class Mark:
    """Where a line stands: at one moment what people did, then the step, then its messages."""

    at: datetime
    log: int
    pk: int

    def __str__(self) -> str:
        return f"{(self.at - _EPOCH) // timedelta(microseconds=1)}.{self.log}.{self.pk}"


@dataclass(frozen=True)
class Line:
    """One line: an entry of the timeline, a step of the path, or a message with its log."""

    mark: Mark
    row: Entry | EscalationEvent | Message
    words: str
    events: list[MessageEvent] = field(default_factory=list)


@dataclass(frozen=True)
class Story:
    """Some lines, and the marks at which those before and after them end and begin."""

    lines: list[Line]
    before: str = ""
    after: str = ""


def of(
    incident: Incident, actor: Actor, *, after: str = "", until: str = "", size: int = PAGE
) -> Story:
    """The lines after one mark, or up to another; seven queries, whatever their number.

    With what was merged into the incident, as far as this actor may read that.
    """
    family = visible_to(actor).filter(pk__in=reading.family(incident.pk)).order_by()
    mark = _mark_of(after) or _mark_of(until)
    backwards = bool(mark) and not _mark_of(after)
    found = _some(list(family), mark, backwards=backwards, size=size + 1)
    more, found = len(found) > size, found[:size]
    if backwards:
        found.reverse()
    lines = _lines(found, actor)
    if not lines:
        return Story([], before=str(mark) if mark and not backwards else "")
    return Story(
        lines,
        before=str(lines[0].mark) if (more if backwards else mark is not None) else "",
        after=str(lines[-1].mark) if backwards or more else "",
    )


def _logs(family: Sequence[Incident]) -> list[tuple[str, QuerySet[Any]]]:
    """The three, each with the column of its time."""
    abouts = [one.about for one in family]
    entries = Entry.objects.filter(incident__in=[one.pk for one in family], kind__in=KINDS)
    return [
        ("at", entries.select_related("partner", "incident")),
        ("at", post.steps(abouts)),
        ("created_at", post.told(abouts)),
    ]


def _some(
    family: Sequence[Incident], mark: Mark | None, *, backwards: bool, size: int
) -> list[tuple[Mark, Any]]:
    """The lines that stand next to the mark, the nearest first."""
    found: list[tuple[Mark, Any]] = []
    for number, (column, rows) in enumerate(_logs(family)):
        order = (f"-{column}", "-pk") if backwards else (column, "pk")
        near = rows.order_by(*order)
        if mark is not None:
            near = near.filter(_beyond(mark, number, column, "lt" if backwards else "gt"))
        found += [(Mark(getattr(row, column), number, row.pk), row) for row in near[:size]]
    return sorted(found, key=itemgetter(0), reverse=backwards)[:size]


def _beyond(mark: Mark, log: int, column: str, sign: str) -> Q:
    """The rows of one log that stand beyond the mark."""
    past = Q(**{f"{column}__{sign}": mark.at})
    if log == mark.log:
        return past | Q(**{column: mark.at, f"pk__{sign}": mark.pk})
    is_beyond = log > mark.log if sign == "gt" else log < mark.log
    return past | Q(**{column: mark.at}) if is_beyond else past


def _mark_of(text: str) -> Mark | None:
    """The mark that an address names; None if it names none."""
    parts = text.split(".")
    if len(parts) != 3 or not all(part.isdecimal() and len(part) < 18 for part in parts):
        return None
    micros, log, pk = map(int, parts)
    return Mark(_EPOCH + timedelta(microseconds=micros), log, pk)


def _lines(found: Sequence[tuple[Mark, Any]], actor: Actor) -> list[Line]:
    """In words; a hidden incident that some words mention has no name in them."""
    words = [_words(row) for _, row in found]
    hidden = reading.hidden_among(words, actor)
    events: dict[int, list[MessageEvent]] = {}
    messages = [row.pk for _, row in found if isinstance(row, Message)]
    for event in MessageEvent.objects.filter(message__in=messages).order_by("pk"):
        events.setdefault(event.message_id, []).append(event)
    return [
        Line(
            mark,
            row,
            reading.unnamed(said, hidden),
            events.get(row.pk, []) if isinstance(row, Message) else [],
        )
        for (mark, row), said in zip(found, words, strict=True)
    ]


def _words(row: Entry | EscalationEvent | Message) -> str:
    if isinstance(row, Entry):
        return "The text was taken out for privacy." if row.is_blanked else row.body
    return row.detail if isinstance(row, EscalationEvent) else row.subject
