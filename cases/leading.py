"""Acknowledging and leading an incident: steps that `workflow` and `crew` take under its lock."""

from __future__ import annotations

from datetime import datetime

from cases import deadlines, sight, timeline
from cases.models import Entry, Incident
from incidentdesk.kernel.access import Actor
from notifications import escalation


def lead(incident: Incident, *, by: Actor, at: datetime) -> None:
    """`by` commands from now on; an incident that nobody acknowledged is acknowledged by it."""
    incident.commander_id = by.user_id
    incident.commanded_by = sorted({*incident.commanded_by, by.person_id})
    if incident.acknowledged_at is None:
        acknowledge(incident, by=by, at=at)
    incident.save(update_fields=["commander", "commanded_by", "acknowledged_at", "acknowledged_by"])


def acknowledge(incident: Incident, *, by: Actor, at: datetime) -> None:
    """Somebody looks at it: the clock is met, the ladder stops. The caller saves."""
    if incident.is_restricted:  # who takes it stays in; the pages that let others in end with it
        sight.admit(incident, by.person_id, by=by, at=at)
    incident.acknowledged_at, incident.acknowledged_by_id = at, by.user_id
    deadlines.meet(incident, "acknowledge", at=at)
    escalation.acknowledge(about=incident.about, by_user_id=by.user_id, by_name=by.name, at=at)
    timeline.record(incident, Entry.Kind.PAGE, f"{by.name} acknowledged.", by=by, at=at)
