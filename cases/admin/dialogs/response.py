"""What responders do between the moves: updates, the cause, recovery, alerts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cases import response
from cases.admin.dialogs import fields
from cases.models import Incident
from incidentdesk.kernel import clocks
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import Action, DeskForm


class UpdateForm(DeskForm):
    """What happened."""

    text = fields.words("Update", help_text="What happened, what was done, what is next.")


def _post_update(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    response.post_update(incident_id=obj.pk, text=data["text"], by=by, at=at)
    return "The update is on the timeline."


class CauseForm(DeskForm):
    """The cause as far as it is known."""

    cause = fields.words("The cause, or the best hypothesis so far")

    def prepare(self) -> None:
        """What was written before."""
        self.fields["cause"].initial = self.obj.cause


def _record_cause(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    response.record_cause(incident_id=obj.pk, cause=data["cause"], by=by, at=at)
    return "The cause is recorded."


class RecoveredForm(DeskForm):
    """When service was back."""

    recovered_at = fields.moment(
        "Recovered at", help_text="UTC. Service at its former level, delayed work included."
    )

    def prepare(self) -> None:
        """What is recorded, or when the last alert cleared, or now."""
        known = self.obj.recovered_at or self.obj.recovery_proposed_at
        self.fields["recovered_at"].initial = known or clocks.now()


def _recovered(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    shown = obj.recovered_at or obj.recovery_proposed_at
    recovered = fields.kept(shown, data["recovered_at"]) or data["recovered_at"]
    response.record_recovery(incident_id=obj.pk, recovered_at=recovered, by=by, at=at)
    return f"Recovered at {recovered:%H:%M} UTC on {recovered:%d %b}."


class ReasonForm(DeskForm):
    """Why."""

    reason = fields.words("Reason", rows=3, help_text="It goes on the timeline.")


def _clear_alerts(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    count = response.clear_alerts(incident_id=obj.pk, reason=data["reason"], by=by, at=at)
    return f"{count} alert{'s are' if count > 1 else ' is'} cleared."


def _open(incident: Incident) -> bool:
    return incident.is_open


_MAY = Permission.INCIDENT_RESPOND
POST_UPDATE = Action("post_update", "Post update", _post_update, _MAY, UpdateForm, submit="Post")
RECORD_CAUSE = Action(
    "record_cause", "Record the cause", _record_cause, _MAY, CauseForm, submit="Save", applies=_open
)
RECOVERED = Action(
    "recovered", "Service recovered", _recovered, _MAY, RecoveredForm, submit="Save", applies=_open
)
CLEAR_ALERTS = Action(
    "clear_alerts",
    "Clear alerts",
    _clear_alerts,
    Permission.INCIDENT_COMMAND,
    ReasonForm,
    intro="Every alert that still fires is let go.",
    submit="Clear",
    applies=_open,
)
