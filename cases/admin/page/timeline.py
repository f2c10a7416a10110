"""The timeline tab: entries in words, which kinds are shown, and what was corrected."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from cases.admin.page import moments
from cases.models import Entry, Incident
from incidentdesk.kernel import markdown
from incidentdesk.kernel.access import Actor

PAGE = 50
Kind = Entry.Kind
# t: the desk moved something; a: it calls for attention; p: a partner is concerned.
DOTS = {
    Kind.OPENED: "a",
    Kind.ALERT: "a",
    Kind.PAGE: "a",
    Kind.MOVE: "t",
    Kind.EVALUATION: "t",
    Kind.TASK: "t",
    Kind.SYSTEM: "t",
    Kind.STATEMENT: "t",
    Kind.REVIEW: "t",
    Kind.PARTNER: "p",
    Kind.NOTICE: "p",
}
# What the links above the timeline show: key, words, and which entries.
SHOWN: tuple[tuple[str, str, Q], ...] = (
    ("", "All", Q()),
    ("updates", "Updates", Q(kind__in=[Kind.UPDATE, Kind.CORRECTION, Kind.BLANKING])),
    ("moves", "Moves", Q(kind__in=[Kind.OPENED, Kind.MOVE, Kind.EVALUATION, Kind.STATEMENT])),
    ("work", "Work", Q(kind__in=[Kind.TASK, Kind.SYSTEM, Kind.REVIEW])),
    (
        "partners",
        "Partners",
        Q(partner__isnull=False) | Q(kind__in=[Kind.PARTNER, Kind.NOTICE]),
    ),
    ("pages", "Pages and alerts", Q(kind__in=[Kind.PAGE, Kind.ALERT])),
)


@dataclass(frozen=True)
class Choice:
    """A link that shows some kinds of entries."""

    label: str
    url: str
    is_on: bool


@dataclass(frozen=True)
class Line:
    """One entry of the timeline; `day` is set where another day begins."""

    entry: Entry
    html: SafeString
    dot: str
    clock: str
    day: str
    may_correct: bool
    named_by: list[Entry] = field(default_factory=list)  # corrections, or that it was blanked

    @property
    def url(self) -> str:
        """An address that goes on leading to this entry, whatever is added later."""
        return link_to(self.entry.sequence)

    @property
    def about_url(self) -> str:
        """The address of the entry that this one corrects or blanks."""
        return link_to(self.entry.corrects or 0)

    @property
    def named_urls(self) -> list[tuple[Entry, str]]:
        """The entries that name this one, with their addresses."""
        return [(entry, link_to(entry.sequence)) for entry in self.named_by]


def link_to(sequence: int) -> str:
    """The page of the timeline that begins with an entry."""
    return f"?{urlencode({'tab': 'timeline', 'before': str(sequence + 1)})}#e{sequence}"


def rows(incident: Incident, *, by: Actor, before: str, kind: str, now: datetime) -> dict[str, Any]:
    """A page of entries, newest first, and the links around it."""
    chosen = next((shown for shown in SHOWN if shown[0] == kind), SHOWN[0])
    entries = incident.entries.filter(chosen[2]).select_related("partner").order_by("-sequence")
    if before.isdecimal() and len(before) < 10:
        entries = entries.filter(sequence__lt=int(before))
    found = list(entries[: PAGE + 1])
    more = {"before": str(found[PAGE - 1].sequence)} if len(found) > PAGE else {}
    named = {"tab": "timeline", **({"kind": chosen[0]} if chosen[0] else {})}
    return {
        "lines": _lines(incident, found[:PAGE], by, now),
        "older": f"?{urlencode({**named, **more})}" if more else "",
        "newest": f"?{urlencode(named)}",
        "is_later_page": bool(before),
        "kinds": [
            Choice(words, f"?{urlencode({'tab': 'timeline', 'kind': key})}", key == chosen[0])
            for key, words, _ in SHOWN
        ],
    }


def _lines(incident: Incident, entries: list[Entry], by: Actor, now: datetime) -> list[Line]:
    numbers = [entry.sequence for entry in entries]
    named: dict[int, list[Entry]] = {}
    for entry in incident.entries.filter(corrects__in=numbers).order_by("sequence"):
        named.setdefault(entry.corrects or 0, []).append(entry)
    commands = by.user_id is not None and by.user_id == incident.commander_id
    lines, last = list[Line](), now.date()
    for entry in entries:
        wrote = commands or (by.user_id is not None and by.user_id == entry.user_id)
        lines.append(
            Line(
                entry=entry,
                html=markdown.render(entry.body),
                dot=DOTS.get(Kind(entry.kind), ""),
                clock=f"{entry.at:%H:%M}",
                day=moments.day(entry.at, now) if entry.at.date() != last else "",
                may_correct=wrote and entry.kind == Kind.UPDATE and not entry.is_blanked,
                named_by=named.get(entry.sequence, []),
            )
        )
        last = entry.at.date()
    return lines
