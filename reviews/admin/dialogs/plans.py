"""Plans: beginning one, gathering, deciding, closing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.urls import reverse

from cases.admin.dialogs.fields import hidden_id, words
from incidentdesk.kernel import ids
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import Action, DeskForm, Done
from reviews import plans, queries
from reviews.admin.dialogs.fields import day, person
from reviews.models import Plan, PlanItem


class BeginForm(DeskForm):
    """A title, a stretch of time, and who sees to it."""

    title = forms.CharField(
        label="Title", max_length=120, help_text="For instance: Security plan 2027 H1."
    )
    begins_on = day("From")
    ends_on = day("To")
    owner = person("Owner")


def _begin(obj: None, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    plan = plans.begin(
        title=data["title"],
        begins_on=data["begins_on"],
        ends_on=data["ends_on"],
        owner_id=data["owner"].pk,
        by=by,
        at=at,
    )
    page = reverse("admin:reviews_plan_change", args=[plan.pk])
    return Done(f"“{plan.title}” is open; gather what waits.", to=page)


def _gather(obj: Plan, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    count = plans.gather(plan_id=obj.pk, by=by, at=at)
    return f"{count} came in." if count else "Nothing waits: every lesson stands in a plan."


class DecideForm(DeskForm):
    """What becomes of one item: the one that the button stood at (`?part=5`)."""

    part = hidden_id("Item")
    decision = forms.ChoiceField(
        label="It is",
        choices=[
            ("accepted", "accepted: we will do it"),
            ("rejected", "rejected, for a reason"),
            ("incorporated", "incorporated, as something"),
        ],
        widget=forms.RadioSelect,
    )
    words = words(
        "Reason, or as what",
        rows=3,
        required=False,
        help_text="Why not; or the project, control or change in which it is now.",
    )

    def prepare(self) -> None:
        """The item in words."""
        rows = queries.items_visible_to(self.actor).filter(plan=self.obj)
        chosen = rows.select_related("lesson", "control").filter(pk=_number(self)).first()
        self.fields["part"].choices = [(pk, pk) for pk in rows.values_list("pk", flat=True)]  # type: ignore[attr-defined]
        self.lead_in = str(chosen) if chosen else ""


def _number(form: DeskForm) -> int:
    return ids.of(form.data.get("part") or form.initial.get("part") or "") or 0


def _decide(obj: Plan, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    item = plans.decide(
        item_id=data["part"], decision=data["decision"], words=data["words"], by=by, at=at
    )
    return f"It is {PlanItem.Decision(item.decision).label}."


class CloseForm(DeskForm):
    """Where the rest goes, if anything is undecided."""

    next = forms.ModelChoiceField(
        Plan.objects.none(),
        label="Move what is undecided to",
        required=False,
        empty_label="Nothing is undecided",
    )

    def prepare(self) -> None:
        """The other plans that are open."""
        others = Plan.objects.filter(state=Plan.State.OPEN).exclude(pk=self.obj.pk)
        self.fields["next"].queryset = others  # type: ignore[attr-defined]


def _close(obj: Plan, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    following = data["next"]
    plans.close(plan_id=obj.pk, next_id=following.pk if following else None, by=by, at=at)
    return f"“{obj.title}” is closed."


def _is_open(plan: Plan) -> bool:
    return plan.is_open


_MAY = Permission.PLAN_WRITE
BEGIN = Action(
    "begin", "New plan", _begin, _MAY, BeginForm, submit="Begin the plan", is_primary=True
)
GATHER = Action(
    "gather",
    "Gather what waits",
    _gather,
    _MAY,
    intro="Lessons that stand in no plan come in, and controls that failed or were missing.",
    submit="Gather",
    is_primary=True,
    applies=_is_open,
)
DECIDE = Action("decide", "Decide", _decide, _MAY, DecideForm, submit="Save", applies=_is_open)
CLOSE = Action(
    "close",
    "Close the plan",
    _close,
    _MAY,
    CloseForm,
    intro="It stays as it is from then on, and can be printed.",
    submit="Close",
    applies=_is_open,
)
