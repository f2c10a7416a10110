"""Restricting an incident to named people, admitting, excluding, and lifting it again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms

from cases import restriction, sight
from cases.admin.dialogs import fields
from cases.admin.dialogs.response import ReasonForm
from cases.models import Incident
from incidentdesk.kernel import grants
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import Action, DeskForm


class RestrictForm(DeskForm):
    """Who opens it from now on, and why nobody else does."""

    people = fields.ticks("Open to", required=False)
    reason = fields.words("Reason", rows=3, help_text="It goes on the timeline.")

    def prepare(self) -> None:
        """Everybody who could be named; you, and whoever has a role on it, stay in anyway."""
        inside = {self.actor.user_id, *sight.let_in(self.obj)}
        people = [(p.pk, p.name) for p in restriction.readers() if p.pk not in inside]
        self.fields["people"].choices = people  # type: ignore[attr-defined]


def _restrict(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    restriction.restrict(
        incident_id=obj.pk, user_ids=data["people"], reason=data["reason"], by=by, at=at
    )
    return f"{obj.reference} is restricted; “Who can see this” lists everybody."


class AdmitForm(DeskForm):
    """One more person."""

    person = forms.TypedChoiceField(label="Who", coerce=int)

    def prepare(self) -> None:
        """Those who are not in by name."""
        named = set(grants.on(self.obj, sight.OPEN).values_list("user_id", flat=True))
        people = [(p.pk, p.name) for p in restriction.readers() if p.pk not in named]
        self.fields["person"].choices = people  # type: ignore[attr-defined]


def _admit(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    restriction.admit(incident_id=obj.pk, user_id=data["person"], by=by, at=at)
    return f"Admitted to {obj.reference}."


class ExcludeForm(DeskForm):
    """One person fewer."""

    person = forms.TypedChoiceField(label="Who", coerce=int)

    def prepare(self) -> None:
        """Those who are in by name."""
        named = grants.on(self.obj, sight.OPEN).select_related("user")
        choices = [(row.user_id, row.user.name) for row in named]
        self.fields["person"].choices = choices  # type: ignore[attr-defined]


def _exclude(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    restriction.exclude(incident_id=obj.pk, user_id=data["person"], by=by, at=at)
    return f"Excluded from {obj.reference}, unless a role lets them in."


def _lift(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    restriction.lift(incident_id=obj.pk, reason=data["reason"], by=by, at=at)
    return f"{obj.reference} is open to everybody who reads incidents."


RESTRICT = Action(
    "restrict",
    "Restrict to named people",
    _restrict,
    Permission.INCIDENT_COMMAND,
    RestrictForm,
    intro="Nobody else finds it any more, administrators neither; auditors do, and it is recorded. "
    "You and whoever has a role on it stay in.",
    submit="Restrict",
    is_grave=True,
    applies=lambda incident: not incident.is_restricted,
)
ADMIT = Action(
    "admit",
    "Admit a person",
    _admit,
    Permission.INCIDENT_COMMAND,
    AdmitForm,
    submit="Admit",
    applies=lambda incident: incident.is_restricted,
)
EXCLUDE = Action(
    "exclude",
    "Exclude a person",
    _exclude,
    Permission.INCIDENT_COMMAND,
    ExcludeForm,
    intro="Who has a role on it stays in until the role ends.",
    submit="Exclude",
    applies=lambda incident: incident.is_restricted,
)
LIFT = Action(
    "lift",
    "Lift the restriction",
    _lift,
    Permission.INCIDENT_COMMAND,
    ReasonForm,
    intro="Everybody who reads incidents reads this one again, with its whole timeline.",
    submit="Lift",
    is_grave=True,
    applies=lambda incident: incident.is_restricted,
)
ALL = (RESTRICT, ADMIT, EXCLUDE, LIFT)
