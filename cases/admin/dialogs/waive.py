"""Waiving a gate: the commander passes it unmet, with a reason."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms

from cases import facts, gates, waivers
from cases.admin.dialogs import fields
from cases.models import Incident
from incidentdesk.kernel import clocks
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import Action, DeskForm


class WaiveForm(DeskForm):
    """Which gate, and why."""

    gate = forms.ChoiceField(label="Pass without", widget=forms.RadioSelect)
    reason = fields.words("Reason", rows=3, help_text="It goes on the timeline and to the review.")

    def prepare(self) -> None:
        """What may be waived and is not met."""
        move = waivers.MOVE_OUT_OF.get(self.obj.phase, "")
        checked = gates.check(move, facts.of(self.obj, at=clocks.now()))
        choices = [
            (held.gate.key, held.words)
            for held in checked
            if held.gate.may_waive and not held.is_open
        ]
        chosen = self.initial.get("gate") or self.data.get("gate")
        self.fields["gate"].choices = [  # type: ignore[attr-defined]
            choice for choice in choices if choice[0] == chosen
        ] or choices
        self.fields["gate"].initial = chosen


def _waive(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    waivers.waive(incident_id=obj.pk, gate=data["gate"], reason=data["reason"], by=by, at=at)
    return "Waived; the review will show it."


WAIVE = Action(
    "waive",
    "Waive a gate",
    _waive,
    Permission.INCIDENT_COMMAND,
    WaiveForm,
    intro="It stays unmet, and the review shows it with your reason.",
    submit="Waive",
    is_grave=True,
    applies=lambda incident: incident.is_open,
)
