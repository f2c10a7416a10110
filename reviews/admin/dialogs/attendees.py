"""Who took part in a review: somebody of the desk, or a name."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms

from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import Action, DeskForm
from reviews import attending
from reviews.admin.dialogs.fields import PartForm, can_change, person
from reviews.models import Attendee, Review


class AddForm(DeskForm):
    """One person."""

    user = person("Somebody of the desk", required=False)
    name = forms.CharField(label="Or a name", max_length=120, required=False)
    partner = forms.TypedChoiceField(
        label="From",
        coerce=int,
        empty_value=None,
        required=False,
        help_text="The partner that a name belongs to, if it is one's.",
    )

    def prepare(self) -> None:
        """The partners of the incident."""
        self.fields["user"].empty_label = "Nobody of the desk"  # type: ignore[attr-defined]
        rows = self.obj.incident.involvements.order_by("partner__name")
        known = rows.values_list("partner_id", "partner__name")
        self.fields["partner"].choices = [("", "No partner"), *known]  # type: ignore[attr-defined]


class RemoveForm(PartForm):
    """Who is taken back."""

    def rows(self) -> list[Attendee]:
        """Those of this review."""
        return list(self.obj.attendees.select_related("user", "partner"))


def _add(obj: Review, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    user = data["user"]
    made = attending.add(
        review_id=obj.pk,
        user_id=user.pk if user else None,
        name=data["name"],
        partner_id=data["partner"],
        by=by,
        at=at,
    )
    return f"{made} took part."


def _remove(obj: Review, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    attending.remove(attendee_id=data["part"], by=by, at=at)
    return "It is taken back."


_MAY = Permission.REVIEW_WRITE
ADD = Action(
    "add_attendee", "Add who took part", _add, _MAY, AddForm, submit="Add", applies=can_change
)
REMOVE = Action(
    "remove_attendee",
    "Take back who took part",
    _remove,
    _MAY,
    RemoveForm,
    submit="Take back",
    applies=can_change,
)
