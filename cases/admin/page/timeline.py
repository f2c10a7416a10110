"""The timeline tab: entries in words, which kinds are shown, and what was corrected."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from cases import reading
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
# What holds words of somebody outside: of a partner, of a mail, of a tool. Shown as they came.
OUTSIDE = {Kind.OPENED, Kind.ALERT, Kind.PARTNER}
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
    """One entry of the timeline; `day` is set where another day begins.

    `of` is the reference of the merged incident that it belongs to; empty for the incident's own.
    """

    entry: Entry
    html: SafeString
    dot: str
    clock: str
    day: str
    of: str
    may_correct: bool
    named_by: list[Entry] = field(default_factory=list)  # corrections, or that it was blanked

    @property
    def anchor(self) -> str:
        """The entry's place on the page."""
        return f"{self.of}-e{self.entry.sequence}" if self.of else f"e{self.entry.sequence}"

    @property
    def url(self) -> str:
        """An address that goes on leading to this entry, whatever is added later."""
        return self._link_to(self.entry.sequence)

    @property
    def about_url(self) -> str:
        """The address of the entry that this one corrects or blanks."""
        return self._link_to(self.entry.corrects or 0)

    @property
    def named_urls(self) -> list[tuple[Entry, str]]:
        """The entries that name this one, with their addresses."""
        return [(entry, self._link_to(entry.sequence)) for entry in self.named_by]

    def _link_to(self, sequence: int) -> str:
        """The page of the timeline that begins with an entry; a merged one stands on its own."""
        page = self.entry.incident.url if self.of else ""
        return f"{page}?{urlencode({'tab': 'timeline', 'before': f'e{sequence}'})}#e{sequence}"


def rows(incident: Incident, *, by: Actor, before: str, kind: str, now: datetime) -> dict[str, Any]:
    """A page of entries, newest first, and the links around it.

    `before` is the id of the entry above the page, or `e12`: the page begins with entry 12.
    """
    chosen = next((shown for shown in SHOWN if shown[0] == kind), SHOWN[0])
    entries = reading.entries_of(incident, by).filter(chosen[2])
    if before.isdecimal() and len(before) < 19:
        entries = reading.older_than(entries, int(before))
    elif before[:1] == "e" and before[1:].isdecimal() and len(before) < 11:
        entries = reading.beginning_with(entries, incident, int(before[1:]))
    found = list(entries[: PAGE + 1])
    more = {"before": str(found[PAGE - 1].pk)} if len(found) > PAGE else {}
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
    named = _named_by(entries, by)
    commands = by.user_id is not None and by.user_id == incident.commander_id
    lines, last = list[Line](), now.date()
    for entry in reading.without_hidden_names(entries, by):
        is_own = entry.incident_id == incident.pk
        show = markdown.plain if entry.kind in OUTSIDE else markdown.render
        wrote = commands or (by.user_id is not None and by.user_id == entry.user_id)
        lines.append(
            Line(
                entry=entry,
                html=show(entry.body),
                dot=DOTS.get(Kind(entry.kind), ""),
                clock=f"{entry.at:%H:%M}",
                day=moments.day(entry.at, now) if entry.at.date() != last else "",
                of="" if is_own else entry.incident.reference,
                may_correct=is_own and wrote and _is_correctable(entry),
                named_by=named.get((entry.incident_id, entry.sequence), []),
            )
        )
        last = entry.at.date()
    return lines


def _is_correctable(entry: Entry) -> bool:
    return entry.kind == Kind.UPDATE and not entry.is_blanked


def _named_by(entries: list[Entry], by: Actor) -> dict[tuple[int, int], list[Entry]]:
    """Chain and number of an entry → the entries of that chain that correct or blank it."""
    found: dict[tuple[int, int], list[Entry]] = {}
    naming = Entry.objects.filter(
        incident__in={entry.incident_id for entry in entries},
        corrects__in=[entry.sequence for entry in entries],
    )
    for entry in naming.order_by("sequence"):
        found.setdefault((entry.incident_id, entry.corrects or 0), []).append(entry)
    return found
