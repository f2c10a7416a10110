"""Looking at it, leading it, signing for it, and calling people to it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.db.models import Count

from cases import gates, response, workflow
from cases.admin.dialogs import fields
from cases.models import Incident
from cases.regulation import duty
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import Action, DeskForm
from notifications.models import Group
from notifications.rotas import oncall


def _acknowledge(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    if workflow.acknowledge(incident_id=obj.pk, by=by, at=at):
        return f"You acknowledged {obj.reference}; the pages stop."
    return f"Somebody acknowledged {obj.reference} before you; nothing was changed."


class CommandForm(DeskForm):
    """Says who commands now, and sends along who that was: of two clicks, one is told."""

    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def prepare(self) -> None:
        """Who commands now."""
        self.fields["seen"].initial = self.obj.commander_id or 0
        if self.obj.commander_id:
            self.lead_in = f"{self.obj.commander} commands now; you take over."


def _take_command(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    workflow.take_command(incident_id=obj.pk, seen=data["seen"], by=by, at=at)
    return f"You command {obj.reference}."


class SignForm(DeskForm):
    """A statement that a gate accepts, with what it rests on."""

    key = forms.ChoiceField(label="I sign that", widget=forms.RadioSelect)
    text = fields.words("What it rests on", rows=3, help_text="It stays on the timeline for good.")
    nothing_owed = forms.BooleanField(
        label="We owe no report",
        required=False,
        help_text="Our own clocks that are open end as not owed.",
    )

    def prepare(self) -> None:
        """What is not signed yet."""
        signed = self.obj.signed()
        chosen = self.initial.get("key") or self.data.get("key")
        open_ones = [(k, words) for k, words in gates.STATEMENTS.items() if k not in signed]
        self.fields["key"].choices = (  # type: ignore[attr-defined]
            [(chosen, gates.STATEMENTS[chosen])] if chosen in gates.STATEMENTS else open_ones
        )
        if chosen in gates.STATEMENTS:
            self.fields["key"].initial = chosen
        if chosen != duty.DECIDED:
            del self.fields["nothing_owed"]


def _sign(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    response.sign(
        incident_id=obj.pk,
        key=data["key"],
        text=data["text"],
        nothing_owed=data.get("nothing_owed", False),
        by=by,
        at=at,
    )
    return f"Signed: {gates.STATEMENTS[data['key']]}."


class PageForm(DeskForm):
    """Whom to call, and why."""

    groups = fields.ticks("Groups", required=False)
    people = fields.ticks("People", required=False)
    note = fields.words("What they should know", rows=2, required=False)

    def prepare(self) -> None:
        """Groups with somebody in them, and everybody who works at the desk."""
        groups = Group.objects.annotate(size=Count("members")).filter(size__gt=0).order_by("name")
        self.fields["groups"].choices = [(g.pk, f"{g.name} ({g.size})") for g in groups]  # type: ignore[attr-defined]
        staff = oncall.pageable().order_by("name")
        self.fields["people"].choices = [(person.pk, person.name) for person in staff]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Somebody has to be chosen."""
        data = super().clean() or {}
        if not self.errors and not (data.get("groups") or data.get("people")):
            raise forms.ValidationError("Choose a person or a group; nobody would be paged.")
        return data


def _page(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    count = response.page(
        incident_id=obj.pk,
        user_ids=data["people"],
        group_ids=data["groups"],
        note=data["note"],
        by=by,
        at=at,
    )
    return "One person is paged." if count == 1 else f"{count} people are paged."


ACKNOWLEDGE = Action(
    "acknowledge",
    "Acknowledge",
    _acknowledge,
    Permission.INCIDENT_ACKNOWLEDGE,
    intro="You look at it; nobody else is paged.",
    submit="Acknowledge",
    applies=lambda incident: incident.is_open and incident.acknowledged_at is None,
)
TAKE_COMMAND = Action(
    "take_command",
    "Take command",
    _take_command,
    Permission.INCIDENT_COMMAND,
    CommandForm,
    intro="You lead it through its phases, and decide.",
    submit="Take command",
    applies=lambda incident: incident.is_open,
)
SIGN = Action(
    "sign",
    "Sign a statement",
    _sign,
    Permission.INCIDENT_COMMAND,
    SignForm,
    intro="A signed statement is never changed.",
    submit="Sign",
    applies=lambda incident: incident.is_open,
)
PAGE = Action(
    "page",
    "Page someone",
    _page,
    Permission.INCIDENT_PAGE,
    PageForm,
    intro="They are paged now, whatever the escalation does.",
    submit="Page now",
    applies=lambda incident: incident.is_open,
)
