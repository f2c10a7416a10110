"""The timeline: writing an entry, and verifying that a chain is whole.

An entry is never changed; a correction is a new entry. The database numbers and chains entries;
`cases.chain` says in Python what the trigger says in SQL, so that anyone can check a chain.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db.models import QuerySet

from cases import chain
from cases.chain import Chain, Head, Line
from cases.models import Entry, Incident, TimelineHead
from incidentdesk.kernel import snapshot
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.prepared import Inserted

_ENTRIES = Inserted(Entry)

BATCH = 2000  # rows that are in memory at once


def record(
    incident: Incident,
    kind: Entry.Kind,
    body: str,
    *,
    by: Actor,
    at: datetime,
    partner_id: int | None = None,
    corrects: int | None = None,
) -> Entry:
    """Add one line. `partner_id` names the partner whom it concerns; without one it is internal.

    `corrects` is the number of the entry that this one corrects or blanks.
    """
    entry = Entry(
        incident=incident,
        kind=kind,
        body=body,
        actor=by.name,
        user_id=by.user_id,
        at=at,
        partner_id=partner_id,
        corrects=corrects,
    )
    _ENTRIES.add(entry)
    return entry


def head_of(incident: Incident) -> str:
    """Where an incident's chain stands, as another chain names it: its newest entry and hash."""
    head = TimelineHead.objects.get(incident=incident)
    return f"entry {head.sequence}, {head.hash}"


def counted(number: int, noun: str) -> str:
    """`1 task`, `2 tasks`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def recompute(entry: Entry, previous_hash: str) -> tuple[str, str]:
    """The body's digest and the entry's hash as they have to be after `previous_hash`."""
    line = Line(*(getattr(entry, name) for name in Line._fields))
    return chain.recompute(line, previous_hash)


def lines(entries: QuerySet[Entry]) -> Iterator[Line]:
    """Entries in order of incident and sequence, a batch in memory at a time."""
    rows = entries.order_by("incident_id", "sequence").values_list(*Line._fields)
    return (Line(*row) for row in snapshot.streamed(rows, batch=BATCH))


def first_fault(incident: Incident) -> str | None:
    """What is wrong with an incident's chain, in words, naming the first broken entry; or None."""
    found = Chain(incident.reference)
    for line in lines(Entry.objects.filter(incident=incident)):
        found.add(line)
    head = TimelineHead.objects.filter(incident=incident).first()
    if head is None:
        return found.end(None)
    return found.end(Head(incident.pk, incident.reference, head.sequence, head.hash))
