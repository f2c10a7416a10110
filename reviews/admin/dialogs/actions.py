"""Preventive actions: agreeing one, its steps until it is verified, moving its day, dropping it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.urls import reverse

from cases.admin.dialogs.fields import words
from incidentdesk.kernel import clocks
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import Action, DeskForm, Done
from reviews import actions
from reviews.admin.dialogs.controls import in_register
from reviews.admin.dialogs.fields import can_change, day, person
from reviews.models import DocumentUpdate, PreventiveAction, Review

REVIEW = "review"  # `?back=review`: return to the review's page afterwards
State = PreventiveAction.State


class AgreeForm(DeskForm):
    """What, of which kind, by whom, verified by which day, and what it is about."""

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
    due_on = day("Verified by", help_text="As proposed for this severity: 30, 60 or 90 days.")
    priority = forms.TypedChoiceField(
        label="Priority", choices=PreventiveAction.Priority.choices, coerce=int, initial=2
    )
    control = in_register(label="Control that it mends")
    document = forms.ModelChoiceField(
        DocumentUpdate.objects.none(),
        label="Document that it updates",
        required=False,
        empty_label="None",
    )
    folded = ("control", "document")

    def prepare(self) -> None:
        """The day that the severity asks for, and the documents of this review."""
        due = actions.proposed_due(self.obj.incident.severity, clocks.now())
        self.fields["due_on"].initial = due
        self.fields["document"].queryset = self.obj.documents.all()  # type: ignore[attr-defined]


def _agree(obj: Review, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    control, document = data["control"], data["document"]
    action = actions.agree(
        review_id=obj.pk,
        title=data["title"],
        kind=data["kind"],
        owner_id=data["owner"].pk,
        due_on=data["due_on"],
        priority=data["priority"],
        control_id=control.pk if control else None,
        document_id=document.pk if document else None,
        by=by,
        at=at,
    )
    return f"Agreed: {action.title}"


class StepForm(DeskForm):
    """Says which action it is, and where to return to."""

    back = forms.ChoiceField(
        choices=[("", ""), (REVIEW, "")], required=False, widget=forms.HiddenInput
    )

    def prepare(self) -> None:
        """The action in words."""
        self.lead_in = f"{self.obj.title} · {self.obj.owner}, due {self.obj.due_on:%-d %b %Y}"


class FinishForm(StepForm):
    """How one sees that it is done."""

    note = words(
        "How it was done",
        rows=3,
        help_text="And where one can see it. Another person verifies it then.",
    )


class VerifyForm(StepForm):
    """What shows that it works."""

    evidence = words("What shows that it works", rows=3, help_text="A test, a record, a change.")

    def prepare(self) -> None:
        """What its owner said."""
        super().prepare()
        self.lead_in = f"{self.lead_in}. Done: {self.obj.note}"


class ReasonForm(StepForm):
    """Why, in words that stay."""

    reason = words("Reason", rows=3, help_text="It stays in the register and on the timeline.")


class PostponeForm(ReasonForm):
    """The new day, and why."""

    due_on = day("New day")
    field_order = ("due_on", "reason")


def _start(obj: PreventiveAction, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    actions.start(action_id=obj.pk, by=by, at=at)
    return _done(obj, "The action is in progress.", data)


def _finish(obj: PreventiveAction, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    actions.finish(action_id=obj.pk, note=data["note"], by=by, at=at)
    return _done(obj, "The action is done; another person verifies it.", data)


def _verify(obj: PreventiveAction, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    actions.verify(action_id=obj.pk, evidence=data["evidence"], by=by, at=at)
    return _done(obj, "The action is verified.", data)


def _send_back(obj: PreventiveAction, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    actions.send_back(action_id=obj.pk, reason=data["reason"], by=by, at=at)
    return _done(obj, "The action is in progress again.", data)


def _drop(obj: PreventiveAction, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    actions.drop(action_id=obj.pk, reason=data["reason"], by=by, at=at)
    return _done(obj, "The action is dropped.", data)


def _postpone(obj: PreventiveAction, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    due_on, reason = data["due_on"], data["reason"]
    actions.postpone(action_id=obj.pk, due_on=due_on, reason=reason, by=by, at=at)
    return _done(obj, f"The action is due on {due_on:%-d %b %Y}.", data)


def _done(obj: PreventiveAction, said: str, data: Mapping[str, Any]) -> Done:
    page = reverse("admin:reviews_review_change", args=[obj.review_id])
    return Done(said, to=page if data["back"] == REVIEW else "")


def _is_open(action: PreventiveAction) -> bool:
    return action.is_open


def _is_done(action: PreventiveAction) -> bool:
    return action.state == State.DONE


def _is_own(action: PreventiveAction, by: Actor) -> str:
    """Why this very person does not look at it."""
    own = by.user_id in (action.owner_id, action.ended_by_id)
    return "You own this action or did it; somebody else has to look at it." if own else ""


_MAY = Permission.REVIEW_WRITE
AGREE = Action(
    "agree", "Agree an action", _agree, _MAY, AgreeForm, submit="Agree", applies=can_change
)
START = Action(
    "start",
    "Begin",
    _start,
    _MAY,
    StepForm,
    intro="Somebody works on it from now on.",
    applies=lambda action: action.state == State.AGREED,
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
VERIFY = Action(
    "verify",
    "Verify",
    _verify,
    _MAY,
    VerifyForm,
    is_primary=True,
    applies=_is_done,
    barred=_is_own,
)
SEND_BACK = Action(
    "send_back",
    "Send back",
    _send_back,
    _MAY,
    ReasonForm,
    intro="It was called done and does not hold: it is in progress again.",
    applies=_is_done,
    barred=_is_own,
)
POSTPONE = Action(
    "postpone",
    "Move the day",
    _postpone,
    _MAY,
    PostponeForm,
    submit="Move",
    applies=lambda action: action.is_waiting,
)
DROP = Action("drop", "Drop the action", _drop, _MAY, ReasonForm, submit="Drop", applies=_is_open)
