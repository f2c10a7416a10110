"""Roles on an incident: joining, asking somebody, handing over, accepting, declining, leaving."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms

from cases import crew, roster
from cases.admin.dialogs import fields
from cases.models import Assignment, Incident
from incidentdesk.kernel import access, ids
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import Action, DeskForm

Role = Assignment.Role


def _commands(actor: Actor) -> bool:
    return access.allows(actor, Permission.INCIDENT_COMMAND)


class AssignForm(DeskForm):
    """Who gets which role. Whoever does not command assigns nobody but himself."""

    role = forms.ChoiceField(label="As", widget=forms.RadioSelect)
    person = forms.TypedChoiceField(label="Who", coerce=int)
    note = fields.words("What they have to know", rows=2, required=False)

    def prepare(self) -> None:
        """The roles and people that this person may choose from."""
        commands = _commands(self.actor)
        roles = [(r.value, r.label) for r in Role if commands or r in crew.BY_ONESELF]
        self.fields["role"].choices = roles  # type: ignore[attr-defined]
        self.fields["role"].initial = Role.RESPONDER
        others = crew.everybody() if commands else []
        people = [(p.pk, p.name) for p in others if p.pk != self.actor.user_id]
        own = [(self.actor.user_id, f"{self.actor.name} (you)")]
        self.fields["person"].choices = own + people  # type: ignore[attr-defined]
        self.lead_in = (
            "You join at once. Somebody else is asked, and has the role once it is accepted."
            if commands
            else "You join at once."
        )


def _assign(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    made = crew.assign(
        incident_id=obj.pk,
        role=data["role"],
        user_id=data["person"],
        note=data["note"],
        by=by,
        at=at,
    )
    label = made.get_role_display()
    return f"You are {label}." if made.accepted_at else f"{made.user} is asked to be {label}."


class HandOverForm(DeskForm):
    """A role that is held, the next person, and what that person has to know."""

    role = forms.ChoiceField(label="Role", widget=forms.RadioSelect)
    person = forms.TypedChoiceField(label="To", coerce=int)
    note = fields.words("What they have to know", rows=4, help_text="It goes on the timeline.")

    def prepare(self) -> None:
        """What this person may hand over, and to whom."""
        held = self.obj.assignments.filter(
            role__in=roster.ALONE, accepted_at__isnull=False, ended_at=None
        ).select_related("user")
        commands = _commands(self.actor)
        may = [row for row in held if commands or row.user_id == self.actor.user_id]
        choices = [(row.role, f"{row.get_role_display()} (now {row.user})") for row in may]
        self.fields["role"].choices = choices  # type: ignore[attr-defined]
        self.fields["role"].initial = choices[0][0] if choices else None
        self.fields["person"].choices = [(p.pk, p.name) for p in crew.everybody()]  # type: ignore[attr-defined]


def _hand_over(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    made = crew.hand_over(
        incident_id=obj.pk,
        role=data["role"],
        user_id=data["person"],
        note=data["note"],
        by=by,
        at=at,
    )
    return f"{made.user} is asked; until then everything stays as it is."


class OfferForm(DeskForm):
    """An offer to this person; says who asks, and what there is to know."""

    assignment = fields.hidden_id("Offer")

    def prepare(self) -> None:
        """The offers that wait for this person."""
        waiting = self.obj.assignments.filter(
            user_id=self.actor.user_id, accepted_at=None, ended_at=None
        ).select_related("offered_by")
        offers = {row.pk: row for row in waiting}
        self.fields["assignment"].choices = [(pk, pk) for pk in offers]  # type: ignore[attr-defined]
        chosen = self.data.get("assignment") or self.initial.get("assignment") or ""
        offer = offers.get(ids.of(chosen))
        offer = offer or next(iter(offers.values()), None)
        if offer is None:
            self.lead_in = "Nothing is offered to you here any more."
            return
        self.fields["assignment"].initial = offer.pk
        note = f" “{offer.note}”" if offer.note else ""
        self.lead_in = f"{offer.offered_by} {offer.asks}.{note}"


def _accept(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    made = crew.accept(assignment_id=data["assignment"], by=by, at=at)
    return f"You are {made.get_role_display()} of {obj.reference}."


class DeclineForm(OfferForm):
    """An offer, and why not."""

    reason = fields.words("Reason", rows=2, help_text="Who asked is told.")


def _decline(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    crew.decline(assignment_id=data["assignment"], reason=data["reason"], by=by, at=at)
    return "You declined; who asked is told."


class LeaveForm(DeskForm):
    """A role or an offer that ends."""

    assignment = fields.hidden_id("Role")

    def prepare(self) -> None:
        """What this person may end: what is its own, and who commands ends everything."""
        rows = self.obj.assignments.filter(ended_at=None).select_related("user")
        may = [r for r in rows if _commands(self.actor) or r.user_id == self.actor.user_id]
        self.fields["assignment"].choices = [(row.pk, row.pk) for row in may]  # type: ignore[attr-defined]
        chosen = str(self.data.get("assignment") or self.initial.get("assignment") or "")
        row = next((row for row in may if str(row.pk) == chosen), None)
        if row is not None:
            state = "is" if row.accepted_at else "is asked to be"
            self.lead_in = f"{row.user} {state} {row.get_role_display()}; that ends."


def _leave(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    ended = crew.leave(assignment_id=data["assignment"], by=by, at=at)
    return f"{ended.user} is off the list as {ended.get_role_display()}."


ASSIGN = Action(
    "assign",
    "Add to the team",
    _assign,
    Permission.INCIDENT_RESPOND,
    AssignForm,
    submit="Add",
    applies=lambda incident: incident.is_open,
)
HAND_OVER = Action(
    "hand_over",
    "Hand over a role",
    _hand_over,
    Permission.INCIDENT_ACKNOWLEDGE,
    HandOverForm,
    intro="The next one is mailed, and paged at SEV-1 and SEV-2. The role passes on acceptance.",
    submit="Ask",
    applies=lambda incident: incident.is_open,
)
ACCEPT = Action(
    "accept_role",
    "Accept a role",
    _accept,
    Permission.INCIDENT_ACKNOWLEDGE,
    OfferForm,
    submit="Accept",
    is_primary=True,
    applies=lambda incident: incident.is_open,
)
DECLINE = Action(
    "decline_role",
    "Decline a role",
    _decline,
    Permission.INCIDENT_ACKNOWLEDGE,
    DeclineForm,
    submit="Decline",
    applies=lambda incident: incident.is_open,
)
LEAVE = Action(
    "leave_role",
    "End a role",
    _leave,
    Permission.INCIDENT_ACKNOWLEDGE,
    LeaveForm,
    intro="The command is not laid down; it is handed over.",
    submit="End it",
    applies=lambda incident: incident.is_open,
)
ALL = (ASSIGN, HAND_OVER, ACCEPT, DECLINE, LEAVE)
