"""Acknowledging and leading an incident: steps that `workflow` and `crew` take under its lock.

An acknowledgement ends where the severity rises, and where nothing follows (`silence`): then it is
paged again from its first step, and somebody has to acknowledge again.
"""

from __future__ import annotations

from datetime import datetime

from cases import deadlines, moving, rules, sight, timeline
from cases.models import Entry, Incident
from incidentdesk.kernel.access import SYSTEM, Actor
from notifications import escalation

# What an acknowledgement writes into the incident; whoever calls it saves these.
ACKNOWLEDGED = ("acknowledged_at", "acknowledged_by", "first_acknowledged_at", "silent_at")


def lead(incident: Incident, *, by: Actor, at: datetime) -> None:
    """`by` commands from now on; an incident that nobody acknowledged is acknowledged by it."""
    incident.commander_id = by.user_id
    incident.commanded_by = sorted({*incident.commanded_by, by.person_id})
    if incident.acknowledged_at is None:
        acknowledge(incident, by=by, at=at)
    incident.save(update_fields=["commander", "commanded_by", *ACKNOWLEDGED])


def acknowledge(incident: Incident, *, by: Actor, at: datetime, because: str = "") -> None:
    """Somebody looks at it: the clock is met, the ladder stops. The caller saves.

    `because` is what the desk writes where it concludes that from the person's work.
    """
    if incident.is_restricted:  # who takes it stays in; the pages that let others in end with it
        sight.admit(incident, by.person_id, by=by, at=at)
    incident.acknowledged_at, incident.acknowledged_by_id = at, by.user_id
    incident.first_acknowledged_at = incident.first_acknowledged_at or at
    silence = rules.silence_of(incident.severity)
    incident.silent_at = at + silence if silence else None
    deadlines.meet(incident, "acknowledge", at=at)
    escalation.acknowledge(about=incident.about, by_user_id=by.user_id, by_name=by.name, at=at)
    words, author = (because, SYSTEM) if because else (f"{by.name} acknowledged.", by)
    timeline.record(incident, Entry.Kind.PAGE, words, by=author, at=at)


def page_anew(incident: Incident, why: str, *, silent_at: datetime | None, at: datetime) -> None:
    """Its path begins at its first step, whoever had acknowledged it; if anybody had, `why` goes on
    the timeline.

    `silent_at` stays with an incident that is paged again for want of work. A drill that pages
    nobody pages nobody. Of a restricted one that somebody had taken, those who may open it are
    paged, and it stays taken.
    """
    if not moving.pages_people(incident):
        return
    was_acknowledged = incident.acknowledged_at is not None
    if incident.is_restricted and was_acknowledged and moving.page_let_in(incident, at=at):
        timeline.record(incident, Entry.Kind.PAGE, why, by=SYSTEM, at=at)
        return
    incident.acknowledged_at, incident.silent_at = None, silent_at
    incident.save(update_fields=["acknowledged_at", "silent_at"])
    if was_acknowledged:
        timeline.record(incident, Entry.Kind.PAGE, why, by=SYSTEM, at=at)
    moving.escalate_again(incident, at=at)
