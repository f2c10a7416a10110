"""The timeline: writing an entry, and verifying that a chain is whole.

An entry is never changed; a correction is a new entry. The database numbers and chains entries;
`recompute` says in Python what the trigger says in SQL, so that anyone can check a chain.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime

from cases.models import Entry, Incident, TimelineHead
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.prepared import Inserted

_ENTRIES = Inserted(Entry)


def record(
    incident: Incident,
    kind: Entry.Kind,
    body: str,
    *,
    by: Actor,
    at: datetime,
    partner_id: int | None = None,
) -> Entry:
    """Add one line. `partner_id` names the partner whom it concerns; without one it is internal."""
    entry = Entry(
        incident=incident,
        kind=kind,
        body=body,
        actor=by.name,
        user_id=by.user_id,
        at=at,
        partner_id=partner_id,
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
    body_digest = hashlib.sha256((entry.salt + entry.body).encode()).hexdigest()
    covered = [
        entry.incident_id,
        entry.sequence,
        entry.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        entry.kind,
        entry.actor,
        entry.user_id,
        entry.partner_id,
        body_digest,
        previous_hash,
    ]
    text = json.dumps(covered, ensure_ascii=False)
    return body_digest, hashlib.sha256(text.encode()).hexdigest()


def first_fault(incident: Incident) -> str | None:
    """What is wrong with an incident's chain, in words, naming the first broken entry; or None."""
    previous, number = "", 0
    for entry in Entry.objects.filter(incident=incident).order_by("sequence").iterator():
        number += 1
        if entry.sequence != number:
            return f"{incident.reference}: entry {number} is missing."
        digest, value = recompute(entry, previous)
        if digest != entry.body_digest:
            return f"{incident.reference}: the text of entry {number} was changed."
        if (entry.previous_hash, entry.hash) != (previous, value):
            return f"{incident.reference}: entry {number} does not follow from the one before it."
        previous = value
    head = TimelineHead.objects.filter(incident=incident).first()
    if head is None:  # every incident opens with an entry
        return f"{incident.reference}: its timeline is missing."
    if (head.sequence, head.hash) != (number, previous):
        return (
            f"{incident.reference}: the newest entries are missing; {head.sequence} were written."
        )
    return None
