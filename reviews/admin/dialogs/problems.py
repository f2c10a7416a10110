"""Problem records: making one of incidents, its incidents, its cause, its end."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.urls import reverse

from cases import queries as incidents
from cases.admin.dialogs.fields import hidden_id, ticks, words
from cases.models import Category, Incident, System
from incidentdesk.kernel import clocks, ids
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import Action, DeskForm, Done
from incidentdesk.kernel.errors import InvalidInput
from reviews import problems, recurrence
from reviews.admin.dialogs.fields import person
from reviews.models import Problem

SEEN_BY = "Whoever may open one of its incidents reads it: write nothing that is restricted."


class RecordForm(DeskForm):
    """What comes again, who finds the cause, and the incidents: those like one (`?like=7`), or of a
    category on a system (`?category=1&system=2`)."""

    title = forms.CharField(label="What comes again", max_length=200, help_text=SEEN_BY)
    owner = person("Owner")
    cause = words("Cause, as far as it is known", rows=3, required=False)
    incidents = ticks("Incidents")
    like = forms.CharField(required=False, widget=forms.HiddenInput)
    category = forms.CharField(required=False, widget=forms.HiddenInput)
    system = forms.CharField(required=False, widget=forms.HiddenInput)

    def prepare(self) -> None:
        """The incidents that are proposed, and in no problem yet."""
        found = [one for one in self._proposed() if not hasattr(one, "problem_member")]
        self.fields["incidents"].choices = [(one.pk, str(one)) for one in found]  # type: ignore[attr-defined]
        self.fields["incidents"].initial = [one.pk for one in found]
        if not found:
            self.refusal = "No incident here is without a problem; open one and look from there."

    def _proposed(self) -> list[Incident]:
        asked = {
            name: ids.of(str(self.data.get(name) or self.initial.get(name) or ""))
            for name in ("like", "category", "system")
        }
        if (like := asked["like"]) is not None:
            one = incidents.visible_to(self.actor).filter(pk=like).first()
            return [one, *recurrence.like(one, self.actor)[: recurrence.MOST]] if one else []
        category, system = asked["category"], asked["system"]
        if category is None or system is None:
            return []
        rows = recurrence.incidents_of(category, system, self.actor, at=clocks.now())
        return list(rows[: recurrence.MOST])


def _record(obj: None, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    problem = problems.record(
        title=data["title"],
        owner_id=data["owner"].pk,
        incident_ids=data["incidents"],
        cause=data["cause"],
        by=by,
        at=at,
    )
    page = reverse("admin:reviews_problem_change", args=[problem.pk])
    return Done(f"{problem.reference} holds {len(data['incidents'])} incidents.", to=page)


class AsideForm(DeskForm):
    """Why incidents of a category on a system have no cause in common."""

    category = hidden_id("Category")
    system = hidden_id("System")
    reason = words("Why they have no cause in common", rows=3)

    def prepare(self) -> None:
        """What it is about, in words."""
        for name, model in (("category", Category), ("system", System)):
            rows = model._default_manager.values_list("pk", "name")
            self.fields[name].choices = list(rows)  # type: ignore[attr-defined]
        self.lead_in = "It is asked again once another one opens."


def _aside(obj: None, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    problems.set_aside(
        category_id=data["category"], system_id=data["system"], reason=data["reason"], by=by, at=at
    )
    return Done("It is set aside.", to=reverse("admin:reviews_problem_again"))


class AddForm(DeskForm):
    """Which incident, by its reference."""

    reference = forms.CharField(
        label="Incident", max_length=20, help_text=f"Like INC-2026-0007. {SEEN_BY}"
    )


def _add(obj: Problem, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    called = data["reference"].strip().upper()
    found = incidents.visible_to(by).filter(reference=called).values_list("pk", flat=True).first()
    if found is None:
        raise InvalidInput(f"There is no incident {called}; look at its page.", field="reference")
    problems.add(problem_id=obj.pk, incident_id=found, by=by, at=at)
    return f"{obj.reference} holds {called}."


class TakeOutForm(DeskForm):
    """Which incident, and why."""

    part = hidden_id("Incident")
    reason = words("Why it has another cause", rows=3, help_text="It goes on the timeline.")

    def prepare(self) -> None:
        """The incidents that this person may read."""
        rows = recurrence.members_of(self.obj, self.actor)
        self.fields["part"].choices = [(row.incident_id, str(row.incident)) for row in rows]  # type: ignore[attr-defined]


def _take_out(obj: Problem, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    problems.take_out(
        problem_id=obj.pk, incident_id=data["part"], reason=data["reason"], by=by, at=at
    )
    return "It is taken out."


class CauseForm(DeskForm):
    """The cause."""

    cause = words("Cause", rows=4, help_text=SEEN_BY)

    def prepare(self) -> None:
        """What was written before."""
        self.fields["cause"].initial = self.obj.cause


class HowForm(DeskForm):
    """How the cause was dealt with."""

    how = words("How it was resolved", rows=4, help_text="It goes on every incident's timeline.")


class ReasonForm(DeskForm):
    """Why it is open again."""

    reason = words("Why it is open again", rows=3)


def _understand(obj: Problem, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    problems.understand(problem_id=obj.pk, cause=data["cause"], by=by, at=at)
    return f"{obj.reference} is a known error."


def _resolve(obj: Problem, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    problems.resolve(problem_id=obj.pk, resolution=data["how"], by=by, at=at)
    return f"{obj.reference} is resolved."


def _reopen(obj: Problem, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    problems.reopen(problem_id=obj.pk, reason=data["reason"], by=by, at=at)
    return f"{obj.reference} is open again."


def _is_open(problem: Problem) -> bool:
    return problem.is_open


_MAY = Permission.PLAN_WRITE
# Both need incidents: their buttons stand where these are, not on the list.
RECORD = Action(
    "record",
    "Make a problem record",
    _record,
    _MAY,
    RecordForm,
    submit="Make it",
    applies=lambda obj: False,
)
ASIDE = Action(
    "set_aside",
    "No cause in common",
    _aside,
    _MAY,
    AsideForm,
    submit="Save",
    applies=lambda obj: False,
)
ADD = Action("add", "Add an incident", _add, _MAY, AddForm, submit="Add", applies=_is_open)
TAKE_OUT = Action(
    "take_out",
    "Take out an incident",
    _take_out,
    _MAY,
    TakeOutForm,
    submit="Take out",
    applies=_is_open,
)
UNDERSTAND = Action(
    "understand", "Write the cause", _understand, _MAY, CauseForm, submit="Save", applies=_is_open
)
RESOLVE = Action(
    "resolve",
    "Resolve",
    _resolve,
    _MAY,
    HowForm,
    is_primary=True,
    applies=_is_open,
)
REOPEN = Action(
    "reopen", "Reopen", _reopen, _MAY, ReasonForm, applies=lambda problem: not problem.is_open
)
