"""What every move does once it is allowed: save, note, tell the timeline, show it to partners.

Also the refusals that moves share. It decides nothing; `workflow` does.
"""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict

from cases import deadlines, facts, gates, queries, timeline
from cases.models import Entry, Incident, Move, Phase
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.errors import Conflict, InvalidInput
from incidentdesk.kernel.prepared import Inserted
from notifications import escalation

Kind = Entry.Kind
_MOVES = Inserted(Move)


class Facts(TypedDict):
    """What the post office is told of an incident."""

    about: str
    severity: int
    category: str
    title: str
    reference: str
    url: str


def escalation_facts(incident: Incident, category_key: str = "") -> Facts:
    """The plain facts that an escalation path matches on and a page shows."""
    key = category_key or (incident.category.key if incident.category else "")
    return {
        "about": incident.about,
        "severity": incident.severity,
        "category": key,
        "title": incident.title,
        "reference": incident.reference,
        "url": incident.url,
    }


def arrive(
    incident: Incident, origin: Phase, *, by: Actor, at: datetime, reason: str = ""
) -> Incident:
    """Save a move that the lifecycle allowed, note it, and let its partners see the new phase."""
    incident.let_through_to = ""
    incident.save()
    note_move(incident, origin, by=by, at=at, reason=reason)
    why = f" Reason: {reason.strip()}" if reason.strip() else ""
    text = f"{origin.label} → {incident.get_phase_display()}.{why}"
    timeline.record(incident, Kind.MOVE, text, by=by, at=at)
    shown = list(incident.involvements.all())
    for involvement in shown:
        involvement.phase = incident.phase
        involvement.phase_times = {**involvement.phase_times, incident.phase: at.isoformat()}
    incident.involvements.bulk_update(shown, ["phase", "phase_times"])
    return incident


def note_move(
    incident: Incident, origin: str, *, by: Actor, at: datetime, reason: str = ""
) -> None:
    """Keep who moved it, when, from, to, why."""
    _MOVES.add(
        Move(
            incident=incident,
            at=at,
            from_phase=origin,
            to_phase=incident.phase,
            reason=reason.strip(),
            actor=by.name,
            user_id=by.user_id,
        )
    )


def end(incident: Incident, *, why: str, at: datetime) -> None:
    """The incident is over: clocks and pages stop, alerts that still fire are let go."""
    deadlines.drop(incident)
    escalation.stop(about=incident.about, at=at, why=why)
    if incident.phase == Phase.CLOSED:
        queries.lock_alerts(incident).filter(resolved_at=None).update(resolved_at=at)


def require_phase(incident: Incident, phase: Phase) -> None:
    """Refuse, in words, what does not fit the phase it is in by now."""
    if incident.phase != phase:
        raise Conflict(
            f"{incident.reference} is in {incident.get_phase_display()} by now, not in "
            f"{phase.label}; look at the page again."
        )


def require_gates(incident: Incident, move: str, *, words: str, at: datetime) -> None:
    """Refuse the move, naming every gate that is neither met nor waived; else let it through."""
    gates.require(move, incident, facts.of(incident, at=at), words=words)


def require_open(incident: Incident) -> None:
    """Refuse what needs an open incident."""
    if not incident.is_open:
        raise Conflict(f"{incident.reference} is {incident.phase}; reopen it first.")


def require_reason(reason: str, what: str, *, where: str = "it goes on the timeline") -> None:
    """Refuse what needs a reason and has none."""
    if not reason.strip():
        raise InvalidInput(f"{what} needs a reason; {where}.")
