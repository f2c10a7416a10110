"""The fields that several dialogs of reviews share."""

from __future__ import annotations

from typing import Any

from django import forms

from cases.models import Phase
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


def can_change(review: Review) -> bool:
    """Whether the dialogs that change a review are offered at all."""
    return review.incident.phase == Phase.REVIEW
