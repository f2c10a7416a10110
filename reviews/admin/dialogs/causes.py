"""The tree of whys: ask why below a cause or as a new branch, say it otherwise, take it back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms

from cases import reading
from cases.admin.dialogs.fields import words
from cases.models import Entry, Incident
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import Action, DeskForm
from reviews import causes
from reviews.admin.dialogs.fields import PartForm, can_change
from reviews.models import Cause, Review

OFFERED = 300  # the newest lines of the timeline
NOTHING = ("", "Nothing yet")


class _CauseFields(forms.Form):
    """What is said of a cause."""

    text = words(
        "Because",
        rows=3,
        help_text="One sentence. Ask what made it possible, not who it was.",
    )
    kind = forms.ChoiceField(
        label="It lies with", choices=Cause.Kind.choices, widget=forms.RadioSelect
    )
    is_root = forms.BooleanField(
        label="A root cause: changing this keeps it from coming back", required=False
    )
    entry = forms.TypedChoiceField(
        label="What shows it",
        coerce=int,
        empty_value=None,
        required=False,
        help_text="A line of the timeline.",
    )

    def offer_entries(self, incident: Incident, actor: Actor) -> None:
        """The newest lines of the timeline, without those about the review itself."""
        rows = incident.entries.exclude(kind=Entry.Kind.REVIEW).exclude(body="")
        found = reading.without_hidden_names(list(rows.order_by("-sequence")[:OFFERED]), actor)
        self.fields["entry"].choices = [  # type: ignore[attr-defined]
            NOTHING,
            *(
                (row.pk, f"{row.at:%-d %b %H:%M} {' '.join(row.body.split())[:90]}")
                for row in found
            ),
        ]


class AddForm(_CauseFields, DeskForm):
    """The answer to a why. `?parent=5` stands below that cause."""

    parent = forms.TypedChoiceField(
        label="Below",
        coerce=int,
        empty_value=None,
        required=False,
        widget=forms.HiddenInput,
    )
    field_order = ("text", "kind", "is_root", "entry")

    def prepare(self) -> None:
        """Say below which cause it stands."""
        rows = list(self.obj.causes.all())
        self.fields["parent"].choices = [("", ""), *((row.pk, str(row)) for row in rows)]  # type: ignore[attr-defined]
        self.offer_entries(self.obj.incident, self.actor)
        above = next((str(row) for row in rows if str(row.pk) == self.initial.get("parent")), "")
        self.lead_in = f"Why? {above}" if above else "Why did it happen? This begins a branch."


class EditForm(_CauseFields, PartForm):
    """A cause as it stands."""

    field_order = ("text", "kind", "is_root", "entry")

    def rows(self) -> list[Cause]:
        """Those of this review."""
        return list(self.obj.causes.all())

    def prepare(self) -> None:
        """What was said before."""
        super().prepare()
        self.lead_in = ""
        self.offer_entries(self.obj.incident, self.actor)
        part = self.initial.get("part")
        for row in self.rows():
            if str(row.pk) == part:
                for name in ("text", "kind", "is_root"):
                    self.fields[name].initial = getattr(row, name)
                self.fields["entry"].initial = row.entry_id
                self._keep(row)

    def _keep(self, row: Cause) -> None:
        """The line that shows it is offered, however old it is."""
        field: Any = self.fields["entry"]
        if row.entry_id and row.entry_id not in {key for key, _ in field.choices}:
            field.choices = [*field.choices, (row.entry_id, "The line that is chosen now")]


class RemoveForm(PartForm):
    """Which cause is taken back."""

    def rows(self) -> list[Cause]:
        """Those of this review."""
        return list(self.obj.causes.all())


def _add(obj: Review, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    causes.add(
        review_id=obj.pk,
        text=data["text"],
        kind=data["kind"],
        parent_id=data["parent"],
        is_root=data["is_root"],
        entry_id=data["entry"],
        by=by,
        at=at,
    )
    return "The cause is added."


def _edit(obj: Review, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    causes.edit(
        cause_id=data["part"],
        text=data["text"],
        kind=data["kind"],
        is_root=data["is_root"],
        entry_id=data["entry"],
        by=by,
        at=at,
    )
    return "The cause is changed."


def _remove(obj: Review, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    causes.remove(cause_id=data["part"], by=by, at=at)
    return "It is taken back."


_MAY = Permission.REVIEW_WRITE
ADD = Action("add_cause", "Ask why", _add, _MAY, AddForm, submit="Add", applies=can_change)
EDIT = Action(
    "edit_cause", "Change a cause", _edit, _MAY, EditForm, submit="Save", applies=can_change
)
REMOVE = Action(
    "remove_cause",
    "Take back a cause",
    _remove,
    _MAY,
    RemoveForm,
    intro="What lies below it goes with it.",
    submit="Take back",
    applies=can_change,
)
