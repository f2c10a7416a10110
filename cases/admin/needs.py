"""What is missing before a move, with the way to the dialog in which each gate is met.

Read by the incident's page and by the moves' dialogs; `cases.gates` decides.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse

from cases import gates
from cases.admin.dialogs import (
    command,
    drafting,
    evaluation,
    evidence,
    fixes,
    partners,
    regulators,
    response,
    restoring,
    systems,
    tasks,
    waive,
)
from cases.models import Incident, Phase
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.dialogs import Action

# The move that leaves each phase, and what the page calls it.
NEXT: dict[str, tuple[str, str]] = {
    Phase.IDENTIFICATION: ("begin_containment", "containment can begin"),
    Phase.CONTAINMENT: ("begin_mitigation", "mitigation can begin"),
    Phase.MITIGATION: ("begin_recovery", "recovery can begin"),
    Phase.RECOVERY: ("begin_review", "the review can begin"),
    Phase.REVIEW: ("close", "it can be closed"),
}
_DIALOGS: dict[str, Action] = {
    action.name: action
    for action in (
        evaluation.EVALUATE,
        systems.ADD_SYSTEM,
        partners.ADD_PARTNER,
        command.TAKE_COMMAND,
        tasks.END_TASKS,
        systems.ISOLATE,
        systems.RESTORE,
        response.RECORD_CAUSE,
        response.CLEAR_ALERTS,
        response.RECOVERED,
        drafting.DRAFT_NOTICE,
        partners.DECIDE,
        evidence.ADD,
        fixes.PROPOSE,
        restoring.CHECK,
        restoring.RECONCILE,
        restoring.CONFIRM,
        restoring.EXPOSURE,
        regulators.RECORD_OUTCOME,
    )
}
_FILLED = {"notified": "?kind=first", "all_clear": "?kind=all_clear"}


@dataclass(frozen=True)
class Way:
    """A dialog in which a gate is met."""

    label: str
    url: str


@dataclass(frozen=True)
class Need:
    """A gate on the page: its words, how far it is, and the ways that this person may go."""

    words: str
    progress: str
    is_met: bool
    is_waived: bool
    ways: tuple[Way, ...]

    @property
    def is_open(self) -> bool:
        """It lets the move pass."""
        return self.is_met or self.is_waived


def needs(incident: Incident, move: str, facts: gates.Facts, by: Actor) -> list[Need]:
    """Every gate of `move`, with the ways for what is not met."""
    return [
        Need(
            checked.gate.words,
            checked.progress,
            checked.is_met,
            checked.is_waived,
            () if checked.is_open else _ways(incident, checked.gate, by),
        )
        for checked in gates.check(move, facts)
    ]


def _ways(incident: Incident, gate: gates.Gate, by: Actor) -> tuple[Way, ...]:
    found = []
    action = _DIALOGS.get(gate.do)
    if action is not None and action.shown(incident, by):
        address = reverse("admin:cases_incident_do", args=[incident.pk, action.name])
        found.append(Way(action.label, address + _FILLED.get(gate.key, "")))
    if gate.statement and access.allows(by, command.SIGN.permission):
        address = reverse("admin:cases_incident_do", args=[incident.pk, command.SIGN.name])
        found.append(Way("Sign", f"{address}?key={gate.statement}"))
    if gate.may_waive and access.allows(by, waive.WAIVE.permission):
        address = reverse("admin:cases_incident_do", args=[incident.pk, waive.WAIVE.name])
        found.append(Way("Waive", f"{address}?gate={gate.key}"))
    return tuple(found)
