"""What a review says of controls, and looking a control over when its day has come."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms

from cases.admin.dialogs.fields import words
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import Action, DeskForm
from reviews import controls
from reviews.admin.dialogs.fields import PartForm, can_change, day
from reviews.models import Control, ControlCheck, Review


def in_register(*, required: bool = False, label: str = "Control or policy") -> Any:
    """A control that is in use."""
    return forms.ModelChoiceField(
        Control.objects.filter(is_retired=False),
        label=label,
        required=required,
        empty_label="Choose…",
    )


class AddForm(DeskForm):
    """A control of the register, or the name of one that there should be; and whether it held."""

    control = in_register(label="From the register")
    name = forms.CharField(
        label="Or a name",
        max_length=200,
        required=False,
        help_text="Only of a control that is missing: there is none of it in the register yet.",
    )
    verdict = forms.ChoiceField(
        label="It", choices=ControlCheck.Verdict.choices, widget=forms.RadioSelect
    )
    note = words(
        "What must change", rows=3, required=False, help_text="Needed if it failed or was missing."
    )

    def clean(self) -> dict[str, Any]:
        """One of the two names what was looked at."""
        data = super().clean() or self.cleaned_data
        if bool(data.get("control")) == bool((data.get("name") or "").strip()):
            raise forms.ValidationError("Choose a control of the register, or give a name.")
        return data


def _add(obj: Review, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    control = data["control"]
    check = controls.add_check(
        review_id=obj.pk,
        control_id=control.pk if control else None,
        name=data["name"],
        verdict=data["verdict"],
        note=data["note"],
        by=by,
        at=at,
    )
    return f"“{check.name}” is listed."


class RemoveForm(PartForm):
    """Which control is taken back."""

    def rows(self) -> list[ControlCheck]:
        """Those of this review."""
        return list(self.obj.controls.all())


def _remove(obj: Review, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    controls.remove_check(check_id=data["part"], by=by, at=at)
    return "It is taken back."


class LookOverForm(DeskForm):
    """What the review of a control came to, and the day of the next."""

    note = words("What it came to", rows=3, help_text="It stands in the audit trail.")
    next_on = day("Next review on")


def _look_over(obj: Control, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    controls.look_over(control_id=obj.pk, by=by, at=at, **data)
    return f"{obj.number} is reviewed."


_MAY = Permission.REVIEW_WRITE
ADD = Action("add_control", "Add a control", _add, _MAY, AddForm, submit="Add", applies=can_change)
REMOVE = Action(
    "remove_control",
    "Take back a control",
    _remove,
    _MAY,
    RemoveForm,
    submit="Take back",
    applies=can_change,
)
LOOK_OVER = Action("look_over", "Review the control", _look_over, _MAY, LookOverForm, submit="Save")
