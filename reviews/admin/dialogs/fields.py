"""The fields that several dialogs of reviews share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.db.models import Model

from cases.admin.dialogs.fields import hidden_id
from cases.models import Phase
from incidentdesk.kernel.dialogs import DeskForm
from incidentdesk.kernel.models import User
from reviews.models import Review


def person(label: str, *, required: bool = True, help_text: str = "") -> Any:
    """Somebody who works at the desk."""
    staff = User.objects.filter(is_active=True).exclude(roles=[]).order_by("name")
    return forms.ModelChoiceField(
        staff,
        label=label,
        required=required,
        help_text=help_text,
        empty_label="Choose…" if required else "Nobody yet",
    )


def day(label: str, *, required: bool = True, help_text: str = "") -> Any:
    """A day, chosen with what the browser has for it."""
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, widget=widget, required=required, help_text=help_text)


class PartForm(DeskForm):
    """A dialog about one row of the review: the one that the button stood at (`?part=5`)."""

    part = hidden_id("Row")

    def rows(self) -> Sequence[Model]:
        """The rows that it can be about."""
        raise NotImplementedError

    def prepare(self) -> None:
        """Offer them, and say the chosen one in words."""
        rows = self.rows()
        self.fields["part"].choices = [(row.pk, str(row)) for row in rows]  # type: ignore[attr-defined]
        chosen = (str(row) for row in rows if str(row.pk) == self.initial.get("part"))
        self.lead_in = next(chosen, "")


def can_change(review: Review) -> bool:
    """Whether the dialogs that change a review are offered at all."""
    return bool(review.incident.phase == Phase.REVIEW and not review.is_in_review)


def is_asked(review: Review) -> bool:
    """Whether somebody waits for it to be approved or sent back."""
    return bool(review.incident.phase == Phase.REVIEW and review.is_in_review)
