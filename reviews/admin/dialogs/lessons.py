"""Writing a lesson, and taking it back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms

from cases.admin.dialogs.fields import words
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import Action, DeskForm
from reviews import workflow
from reviews.admin.dialogs.fields import PartForm, can_change
from reviews.models import Lesson, Review


class AddForm(DeskForm):
    """The lesson, and the words by which it is found."""

    text = words("Lesson", rows=3, help_text="What the next people in the same place should know.")
    tags = forms.CharField(
        label="Tags", max_length=200, required=False, help_text="Separated by commas."
    )


def _add(obj: Review, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    tags = data["tags"].split(",")
    workflow.add_lesson(review_id=obj.pk, text=data["text"], tags=tags, by=by, at=at)
    return "The lesson is written."


class RemoveForm(PartForm):
    """Which lesson is taken back."""

    def rows(self) -> list[Lesson]:
        """Those of this review."""
        return list(self.obj.lessons.all())


def _remove(obj: Review, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    workflow.remove_lesson(lesson_id=data["part"], by=by, at=at)
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
