"""The moves of an incident, forward and back. Each dialog lists what is still missing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms

from cases import facts, workflow
from cases.admin import needs
from cases.admin.dialogs import fields
from cases.admin.dialogs.response import ReasonForm
from cases.models import Incident, Phase
from incidentdesk.kernel import clocks
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import Action, DeskForm


class MoveForm(DeskForm):
    """Nothing to fill in; shows the gates of the move."""

    move = ""
    above = "admin/cases/incident/gates.html"
    needs: list[needs.Need] = []

    def prepare(self) -> None:
        """The gates, as they stand now."""
        found = facts.of(self.obj, at=clocks.now())
        self.needs = needs.needs(self.obj, self.move, found, self.actor)
        if any(not need.is_open for need in self.needs):
            self.lead_in = "Not yet: what has no tick is still missing."


class ToContainment(MoveForm):
    """Identification → Containment."""

    move = "begin_containment"


class ToMitigation(MoveForm):
    """Containment → Mitigation."""

    move = "begin_mitigation"


class ToRecovery(MoveForm):
    """Mitigation → Recovery."""

    move = "begin_recovery"


def _contain(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    workflow.begin_containment(incident_id=obj.pk, by=by, at=at)
    return f"{obj.reference} is in Containment."


def _mitigate(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    workflow.begin_mitigation(incident_id=obj.pk, by=by, at=at)
    return f"{obj.reference} is in Mitigation."


def _recover(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    workflow.begin_recovery(incident_id=obj.pk, by=by, at=at)
    return f"{obj.reference} is in Recovery."


def _step_back(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    incident = workflow.step_back(
        incident_id=obj.pk, reason=data["reason"], seen=data["seen"], by=by, at=at
    )
    return f"{obj.reference} is back in {incident.get_phase_display()}."


class StepBackForm(ReasonForm):
    """The reason, and the phase that the person saw: two clicks go back one phase, not two."""

    seen = forms.ChoiceField(choices=Phase.choices, required=False, widget=forms.HiddenInput)

    def prepare(self) -> None:
        """The phase as it is shown."""
        self.fields["seen"].initial = self.obj.phase


class DismissForm(DeskForm):
    """A false positive, or a duplicate of another incident."""

    reason = fields.words("Reason", rows=3, help_text="It goes on the timeline.")
    duplicate_of = forms.CharField(
        label="Duplicate of",
        required=False,
        max_length=20,
        help_text="The other incident's reference (INC-…); empty for a false positive.",
    )


def _dismiss(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    incident = workflow.dismiss(
        incident_id=obj.pk,
        reason=data["reason"],
        duplicate_of=data["duplicate_of"],
        by=by,
        at=at,
    )
    if incident.duplicate_of is not None:
        return f"{obj.reference} is merged into {incident.duplicate_of.reference}."
    return f"{obj.reference} is dismissed as a {incident.get_dismissal_display()}."


def _reopen(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    incident = workflow.reopen(incident_id=obj.pk, reason=data["reason"], by=by, at=at)
    return f"{obj.reference} is open again, in {incident.get_phase_display()}."


_MAY = Permission.INCIDENT_COMMAND
TO_CONTAINMENT = Action(
    "begin_containment",
    "Move to Containment",
    _contain,
    _MAY,
    ToContainment,
    submit="Move to Containment",
    is_primary=True,
    applies=lambda incident: incident.phase == Phase.IDENTIFICATION,
)
TO_MITIGATION = Action(
    "begin_mitigation",
    "Move to Mitigation",
    _mitigate,
    _MAY,
    ToMitigation,
    submit="Move to Mitigation",
    is_primary=True,
    applies=lambda incident: incident.phase == Phase.CONTAINMENT,
)
TO_RECOVERY = Action(
    "begin_recovery",
    "Move to Recovery",
    _recover,
    _MAY,
    ToRecovery,
    submit="Move to Recovery",
    is_primary=True,
    applies=lambda incident: incident.phase == Phase.MITIGATION,
)
STEP_BACK = Action(
    "step_back",
    "Step back a phase",
    _step_back,
    _MAY,
    StepBackForm,
    intro="It goes back to the phase before this one. What was signed for that phase and those "
    "after it has to be signed again.",
    submit="Step back",
    applies=lambda incident: incident.is_open and incident.phase != Phase.IDENTIFICATION,
)
DISMISS = Action(
    "dismiss",
    "Dismiss or merge",
    _dismiss,
    _MAY,
    DismissForm,
    intro="Clocks and pages stop. A duplicate is merged: its alerts, systems, partners, evidence "
    "and open tasks follow into the other, whose timeline is read with this one from then on.",
    submit="Dismiss",
    is_grave=True,
    applies=lambda incident: (
        incident.phase in (Phase.IDENTIFICATION, Phase.CONTAINMENT, Phase.MITIGATION)
    ),
)
REOPEN = Action(
    "reopen",
    "Reopen",
    _reopen,
    _MAY,
    ReasonForm,
    intro="A closed incident goes back to its review, a dismissed one to Identification. What "
    "followed into the other when it was merged stays there.",
    submit="Reopen",
    applies=lambda incident: not incident.is_open,
)
