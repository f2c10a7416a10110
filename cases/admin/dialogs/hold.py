"""Placing a legal hold on an incident, and lifting it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cases import holds
from cases.admin.dialogs.response import ReasonForm
from cases.models import Incident
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import Action


def _place(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    holds.place(incident_id=obj.pk, reason=data["reason"], by=by, at=at)
    return f"{obj.reference} is under legal hold; nothing of it goes."


def _lift(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    holds.lift(incident_id=obj.pk, reason=data["reason"], by=by, at=at)
    return f"The legal hold on {obj.reference} is lifted."


PLACE = Action(
    "hold",
    "Place a legal hold",
    _place,
    Permission.INCIDENT_COMMAND,
    ReasonForm,
    intro="Nothing of it goes until the hold is lifted: mails, deliveries, messages, and texts of "
    "its timeline.",
    submit="Hold",
    applies=lambda incident: not hasattr(incident, "hold"),
)
LIFT = Action(
    "lift_hold",
    "Lift the legal hold",
    _lift,
    Permission.INCIDENT_COMMAND,
    ReasonForm,
    intro="What belongs to it goes again when its period is over.",
    submit="Lift",
    is_grave=True,
    applies=lambda incident: hasattr(incident, "hold"),
)
ALL = (PLACE, LIFT)
