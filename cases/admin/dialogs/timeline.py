"""What may still be said about an entry of the timeline: a correction, or that its text is gone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms

from cases import correcting
from cases.admin.dialogs import fields
from cases.models import Incident
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import Action, DeskForm


class CorrectForm(DeskForm):
    """What the entry should have said; it begins with what it says."""

    entry = forms.IntegerField(widget=forms.HiddenInput, min_value=1)
    text = fields.words(
        "What it should have said",
        rows=6,
        help_text="A new entry beside the old one, which stays. Lists, **bold** and `code` work.",
    )

    def prepare(self) -> None:
        """The entry that the button stood at."""
        wanted = str(self.initial.get("entry", ""))
        if not wanted.isdecimal() or len(wanted) > 9:
            return
        entry = self.obj.entries.filter(sequence=int(wanted)).first()
        if entry is not None:
            self.lead_in = f"Entry {entry.sequence} of {entry.actor}, {entry.at:%d %b %H:%M} UTC."
            self.fields["text"].initial = entry.body


def _correct(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    correcting.correct(
        incident_id=obj.pk, entry_sequence=data["entry"], text=data["text"], by=by, at=at
    )
    return "The correction is on the timeline."


class BlankForm(DeskForm):
    """Whose text goes, and why."""

    entry = forms.IntegerField(
        label="Number of the entry", min_value=1, help_text="It stands beside each entry: #12."
    )
    reason = fields.words("Reason", rows=3, help_text="It goes on the timeline.")


def _blank(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    correcting.blank(
        incident_id=obj.pk, entry_sequence=data["entry"], reason=data["reason"], by=by, at=at
    )
    return f"The text of entry {data['entry']} is gone."


CORRECT = Action(
    "correct_entry",
    "Correct an update",
    _correct,
    Permission.INCIDENT_RESPOND,
    CorrectForm,
    submit="Correct",
)
BLANK = Action(
    "blank_entry",
    "Take out a text",
    _blank,
    Permission.INCIDENT_COMMAND,
    BlankForm,
    intro="For privacy. The text cannot be brought back; that it was taken out, by whom and why, "
    "stays on the timeline.",
    submit="Take it out",
    is_grave=True,
)
