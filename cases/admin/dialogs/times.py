"""Correcting one of an incident's times, with a reason."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms

from cases import evaluation, moments
from cases.admin.dialogs import fields
from cases.models import Incident
from cases.models.moment import MOMENTS
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import Action, DeskForm
from incidentdesk.kernel.errors import InvalidInput


class CorrectTimeForm(DeskForm):
    """Which time, what it should be, and why."""

    name = forms.ChoiceField(label="Which time", choices=MOMENTS)
    value = fields.moment("It should be")
    reason = fields.words("Reason", rows=2, help_text="It goes on the timeline.")

    def prepare(self) -> None:
        """What stands there, where the button named the time; each known one in its choice."""
        known = moments.of(self.obj)
        self.fields["name"].choices = [  # type: ignore[attr-defined]
            (name, f"{label}: {known[name]:%-d %b %Y %H:%M}" if known[name] else label)
            for name, label in MOMENTS
        ]
        asked = self.initial.get("name")
        if asked in known:
            self.fields["value"].initial = known[asked]


def _correct(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    name = data["name"]
    value = fields.kept(getattr(obj, name), data["value"]) or data["value"]
    try:
        evaluation.correct_time(
            incident_id=obj.pk, name=name, value=value, reason=data["reason"], by=by, at=at
        )
    except InvalidInput as error:  # the times have one field here
        raise InvalidInput(str(error), field="value" if error.field == name else "") from error
    return f"{moments.LABELS[name]} is {value:%-d %b %Y %H:%M} UTC now."


CORRECT_TIME = Action(
    "correct_time",
    "Correct a time",
    _correct,
    Permission.INCIDENT_RESPOND,
    CorrectTimeForm,
    intro="Deadlines that hang on it are due anew. What stood there before is kept.",
    submit="Correct",
    applies=lambda incident: incident.is_open,
)
