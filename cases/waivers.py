"""Waivers: the commander lets a gate be passed that is not met. The review shows each."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from cases import facts, gates, moving, queries, timeline
from cases.models import Entry, Phase, Waiver
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, InvalidInput

# The move that leaves each phase: its gates are the ones that can be waived there.
MOVE_OUT_OF: dict[str, str] = {
    Phase.IDENTIFICATION: "begin_containment",
    Phase.CONTAINMENT: "begin_mitigation",
    Phase.MITIGATION: "begin_recovery",
    Phase.RECOVERY: "begin_review",
    Phase.REVIEW: "close",
}


@transaction.atomic
def waive(*, incident_id: int, gate: str, reason: str, by: Actor, at: datetime) -> Waiver:
    """Let the gate with this key be passed unmet, until the phase is left or entered again.

    InvalidInput if the table does not allow it; Conflict if the gate is met or waived already.
    """
    incident = queries.locked(incident_id, by=by)
    access.require(by, Permission.INCIDENT_COMMAND)
    moving.require_open(incident)
    moving.require_reason(reason, "Waiving a gate")
    move = MOVE_OUT_OF[incident.phase]
    checked = {held.gate.key: held for held in gates.check(move, facts.of(incident, at=at))}
    held = checked.get(gate)
    if held is None:
        raise InvalidInput(
            f"No such gate stands before the next move of {incident.reference}; "
            "look at the page again."
        )
    if not held.gate.may_waive:
        raise InvalidInput(f"“{held.gate.words}” cannot be waived; it has to be met.")
    if held.is_open:
        raise Conflict(f"“{held.gate.words}” is {'met' if held.is_met else 'waived'} already.")
    if gate == "fix":
        moving.require_second_person(incident, by.person_id)
    waiver = Waiver.objects.create(
        incident=incident,
        gate=gate,
        stay=incident.stay,
        reason=reason.strip(),
        waived_at=at,
        waived_by_id=by.person_id,
    )
    text = f"Waived: {held.gate.words}. Reason: {waiver.reason}"
    timeline.record(incident, Entry.Kind.STATEMENT, text, by=by, at=at)
    return waiver
