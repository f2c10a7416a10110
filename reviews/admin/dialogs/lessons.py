"""Writing a lesson, and taking it back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms

from cases.admin.dialogs.fields import category as category_field
from cases.admin.dialogs.fields import ticks, words
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import Action, DeskForm
from reviews import lessons
from reviews.admin.dialogs.fields import PartForm, can_change
from reviews.models import Control, Lesson, Review


class AddForm(DeskForm):
    """The lesson, and the words by which it is found."""

    text = words("Lesson", rows=3, help_text="What the next people in the same place should know.")
    tags = forms.CharField(
        label="Tags", max_length=200, required=False, help_text="Separated by commas."
    )
    category = category_field(required=False)
    systems = ticks("Systems", required=False, help_text="On which it is shown again.")
    controls = ticks("Controls", required=False)
    folded = ("controls",)

    def prepare(self) -> None:
        """The category and systems of the incident, unless one chooses others."""
        incident = self.obj.incident
        of_incident = {row.system_id: row.system.name for row in incident.systems.all()}
        self.fields["systems"].choices = list(of_incident.items())  # type: ignore[attr-defined]
        known = Control.objects.filter(is_retired=False)
        self.fields["controls"].choices = [(row.pk, str(row)) for row in known]  # type: ignore[attr-defined]
        self.fields["category"].initial = incident.category_id
        self.fields["systems"].initial = list(of_incident)


def _add(obj: Review, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    category = data["category"]
    lessons.add(
        review_id=obj.pk,
        text=data["text"],
        tags=data["tags"].split(","),
        category_id=category.pk if category else None,
        system_ids=data["systems"],
        control_ids=data["controls"],
        by=by,
        at=at,
    )
    return "The lesson is written."


class RemoveForm(PartForm):
    """Which lesson is taken back."""

    def rows(self) -> list[Lesson]:
        """Those of this review."""
        return list(self.obj.lessons.all())


def _remove(obj: Review, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    lessons.remove(lesson_id=data["part"], by=by, at=at)
    return "It is taken back."


_MAY = Permission.REVIEW_WRITE
ADD = Action("add_lesson", "Add a lesson", _add, _MAY, AddForm, submit="Add", applies=can_change)
REMOVE = Action(
    "remove_lesson",
    "Take back a lesson",
    _remove,
    _MAY,
    RemoveForm,
    submit="Take back",
    applies=can_change,
)
