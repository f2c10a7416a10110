"""Splitting alerts off into an incident of their own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms

from cases import splitting
from cases.admin.dialogs import fields
from cases.models import Incident
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import Action, DeskForm, Done

SHOWN = 100


class SplitForm(DeskForm):
    """Which alerts leave, and what is wrong there."""

    alerts = fields.ticks("Alerts that leave", help_text="At least one stays.")
    title = forms.CharField(label="What is wrong there", max_length=200)
    reason = fields.words("Reason", rows=2, help_text="It goes on both timelines.")

    def prepare(self) -> None:
        """The alerts of this incident, newest first."""
        alerts = self.obj.alerts.select_related("source")[:SHOWN]
        choices = [(alert.pk, f"{alert.title} ({alert.source})") for alert in alerts]
        self.fields["alerts"].choices = choices  # type: ignore[attr-defined]
        if len(choices) < 2:
            self.lead_in = "It has fewer than two alerts; there is nothing to split off."


def _split(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    made = splitting.split(
        incident_id=obj.pk,
        alert_ids=data["alerts"],
        title=data["title"],
        reason=data["reason"],
        by=by,
        at=at,
    )
    return Done(f"{made.reference} is open, split from {obj.reference}.", to=made.url)


SPLIT = Action(
    "split",
    "Split alerts off",
    _split,
    Permission.INCIDENT_COMMAND,
    SplitForm,
    intro="They open an incident of their own, with its own clocks and pages; repeats follow them.",
    submit="Split off",
    applies=lambda incident: incident.is_open,
)
