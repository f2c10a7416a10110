"""Agreeing a preventive action, finishing it, dropping it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.urls import reverse

from cases.admin.dialogs.fields import words
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import Action, DeskForm, Done
from reviews import actions
from reviews.admin.dialogs.fields import can_change, person
from reviews.models import PreventiveAction, Review

REVIEW = "review"  # `?back=review`: return to the review's page afterwards


class AgreeForm(DeskForm):
    """What, of which kind, by whom, by which day."""

    title = forms.CharField(label="What will be done", max_length=200)
    kind = forms.ChoiceField(
        label="It helps to",
        choices=[
            ("prevent", "prevent: it does not happen again"),
            ("detect", "detect: it is seen sooner"),
            ("respond", "respond: it is handled better"),
        ],
        widget=forms.RadioSelect,
    )
    owner = person("Owner")
    due_on = forms.DateField(
        label="Due on", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )


def _agree(obj: Review, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    action = actions.agree(
        review_id=obj.pk,
        title=data["title"],
        kind=data["kind"],
        owner_id=data["owner"].pk,
        due_on=data["due_on"],
        by=by,
        at=at,
    )
    return f"Agreed: {action.title}"


class EndForm(DeskForm):
    """Says which action it is, and where to return to."""

    back = forms.ChoiceField(
        choices=[("", ""), (REVIEW, "")], required=False, widget=forms.HiddenInput
    )

    def prepare(self) -> None:
        """The action in words."""
        self.lead_in = f"{self.obj.title} · {self.obj.owner}, due {self.obj.due_on:%-d %b %Y}"


class FinishForm(EndForm):
    """How one sees that it is done."""

    note = words("How it was done", rows=3, help_text="And where one can see it.")


class DropForm(EndForm):
    """Why it will not be done."""

    reason = words("Reason", rows=3, help_text="It stays in the register and on the timeline.")


def _finish(obj: PreventiveAction, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    actions.finish(action_id=obj.pk, note=data["note"], by=by, at=at)
    return _done(obj, "The action is done.", data)


def _drop(obj: PreventiveAction, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    actions.drop(action_id=obj.pk, reason=data["reason"], by=by, at=at)
    return _done(obj, "The action is dropped.", data)


def _done(obj: PreventiveAction, said: str, data: Mapping[str, Any]) -> Done:
    page = reverse("admin:reviews_review_change", args=[obj.review_id])
    return Done(said, to=page if data["back"] == REVIEW else "")


def _is_open(action: PreventiveAction) -> bool:
    return action.is_open


_MAY = Permission.REVIEW_WRITE
AGREE = Action(
    "agree", "Agree an action", _agree, _MAY, AgreeForm, submit="Agree", applies=can_change
)
FINISH = Action(
    "finish",
    "Finish the action",
    _finish,
    _MAY,
    FinishForm,
    submit="Done",
    is_primary=True,
    applies=_is_open,
)
DROP = Action("drop", "Drop the action", _drop, _MAY, DropForm, submit="Drop", applies=_is_open)
