"""Corrections: a new entry says what an older one should have said; or a text is taken out."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from cases import holds, moving, queries, timeline
from cases.models import Entry, Incident
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, InvalidInput

Kind = Entry.Kind


@transaction.atomic
def correct(*, incident_id: int, entry_sequence: int, text: str, by: Actor, at: datetime) -> Entry:
    """Say what an update should have said. The old entry stays; both name each other.

    Only updates are corrected, and only by who wrote them or by the commander.
    """
    incident = queries.locked(incident_id, by=by)
    access.require(by, Permission.INCIDENT_RESPOND)
    entry = _entry(incident, entry_sequence)
    if entry.kind != Kind.UPDATE:
        raise InvalidInput("Only updates are corrected; post an update that says what is right.")
    if entry.is_blanked:
        raise Conflict("Its text was taken out; post an update instead.")
    if by.user_id is None or by.user_id not in (entry.user_id, incident.commander_id):
        raise InvalidInput(
            f"Entry {entry.sequence} is corrected by {entry.actor}, who wrote it, or by the "
            "commander; post an update instead."
        )
    if not text.strip():
        raise InvalidInput("A correction needs words; write what the entry should have said.")
    if text.strip() == entry.body:
        raise InvalidInput("The correction says the same as the entry; change something.")
    return timeline.record(
        incident,
        Kind.CORRECTION,
        text.strip(),
        by=by,
        at=at,
        partner_id=entry.partner_id,
        corrects=entry.sequence,
    )


@transaction.atomic
def blank(*, incident_id: int, entry_sequence: int, reason: str, by: Actor, at: datetime) -> Entry:
    """Take an entry's text out for good, for privacy. That it was, and why, stays on the timeline.

    The database takes the text and its salt out when it writes the new entry; the digest stays,
    so the chain still verifies.
    """
    incident = queries.locked(incident_id, by=by)
    access.require(by, Permission.INCIDENT_COMMAND)
    moving.require_reason(reason, "Taking out a text")
    entry = _entry(incident, entry_sequence)
    if holds.is_held(incident):
        raise Conflict(f"{incident.reference} is under legal hold; nothing of it is taken out.")
    if entry.is_blanked:
        raise Conflict(f"The text of entry {entry.sequence} was taken out already.")
    if entry.kind == Kind.BLANKING:
        raise InvalidInput("This entry says that a text was taken out; it stays.")
    text = f"The text of entry {entry.sequence} was taken out. Reason: {reason.strip()}"
    return timeline.record(incident, Kind.BLANKING, text, by=by, at=at, corrects=entry.sequence)


def _entry(incident: Incident, sequence: int) -> Entry:
    entry = incident.entries.filter(sequence=sequence).first()
    if entry is None:
        raise InvalidInput(f"{incident.reference} has no entry {sequence}; look at the page again.")
    return entry
