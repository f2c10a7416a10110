"""Affected systems: listing one, what became of it, whether it is fully down."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms

from cases import queries, response
from cases.admin.dialogs import fields
from cases.models import AffectedSystem, Incident, System
from incidentdesk.kernel import clocks
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import Action, DeskForm

State = AffectedSystem.State
_MAY = Permission.INCIDENT_RESPOND


class AddSystemForm(DeskForm):
    """Which system is affected."""

    system = forms.ModelChoiceField(System.objects.none(), label="System", empty_label="Choose…")
    down_since = fields.moment(
        "Fully down since", required=False, help_text="UTC. Empty: it is not fully down."
    )

    def prepare(self) -> None:
        """Systems of the register that are not listed yet."""
        listed = self.obj.systems.values("system_id")
        systems = System.objects.filter(is_active=True).exclude(pk__in=listed)
        self.fields["system"].queryset = systems  # type: ignore[attr-defined]


def _add_system(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    system = data["system"]
    response.add_system(
        incident_id=obj.pk, system_id=system.pk, down_since=data["down_since"], by=by, at=at
    )
    found = [
        partner.name
        for partner in queries.dependent_partners(obj)
        if system.name in partner.depends_on
    ]
    depends = f" Not listed yet and depending on it: {', '.join(found)}." if found else ""
    return f"{system} is listed.{depends}"


class SystemForm(DeskForm):
    """About one affected system of the incident, which the button names."""

    affected = forms.TypedChoiceField(label="System", coerce=int)
    before: tuple[str, ...] = tuple(State.values)
    row: AffectedSystem | None = None

    def prepare(self) -> None:
        """The systems that this can be said of."""
        rows = list(self.obj.systems.select_related("system").filter(state__in=self.before))
        self.fields["affected"].choices = [(row.pk, row.system.name) for row in rows]  # type: ignore[attr-defined]
        asked = str(self.data.get("affected") or self.initial.get("affected") or "")
        named = [row for row in rows if str(row.pk) == asked]
        self.row = named[0] if named else rows[0] if rows else None


class ChangeSystemForm(SystemForm):
    """Which system, the proof, and who looked as well."""

    how = fields.words("How", rows=3, help_text="The proof: what was done, where it shows.")
    checked_by = fields.person(
        "Checked by",
        Permission.INCIDENT_READ,
        nobody="Nobody yet",
        help_text="A second person who looked; a critical system is not restored without.",
    )

    def prepare(self) -> None:
        """Everybody at the desk but whoever fills it in."""
        super().prepare()
        field: Any = self.fields["checked_by"]
        field.queryset = field.queryset.exclude(pk=self.actor.user_id)


class IsolateForm(ChangeSystemForm):
    """Systems that are affected can be isolated."""

    before = (State.AFFECTED,)


class RestoreForm(ChangeSystemForm):
    """Systems that are not restored can be restored."""

    before = (State.AFFECTED, State.ISOLATED)


class AffectedAgainForm(ChangeSystemForm):
    """Systems that were isolated or restored can be affected again."""

    before = (State.ISOLATED, State.RESTORED)


def _change(state: str, obj: Incident, data: Mapping[str, Any], by: Actor, at: datetime) -> str:
    checked_by = data["checked_by"]
    affected = response.change_system(
        incident_id=obj.pk,
        affected_id=data["affected"],
        state=state,
        how=data["how"],
        checked_by_id=checked_by.pk if checked_by else None,
        by=by,
        at=at,
    )
    return f"{affected.system} is {state}."


def _isolate(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    return _change(State.ISOLATED, obj, data, by, at)


def _restore(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    return _change(State.RESTORED, obj, data, by, at)


def _affected_again(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    return _change(State.AFFECTED, obj, data, by, at)


class DownForm(SystemForm):
    """Since when a system is fully down."""

    before = (State.AFFECTED, State.ISOLATED)
    down_since = fields.moment("Fully down since")

    def prepare(self) -> None:
        """What is noted, or now."""
        super().prepare()
        known = self.row.down_since if self.row else None
        self.fields["down_since"].initial = known or clocks.now()


def _down(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    affected = response.set_down(
        incident_id=obj.pk,
        affected_id=data["affected"],
        down_since=data["down_since"],
        by=by,
        at=at,
    )
    return f"{affected.system} is fully down since {data['down_since']:%H:%M} UTC."


def _up(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    affected = response.set_down(
        incident_id=obj.pk, affected_id=data["affected"], down_since=None, by=by, at=at
    )
    return f"{affected.system} is up again."


def _open(incident: Incident) -> bool:
    return incident.is_open


def _responding(incident: Incident) -> bool:
    return incident.is_responding


ADD_SYSTEM = Action(
    "add_system",
    "List a system",
    _add_system,
    _MAY,
    AddSystemForm,
    submit="List",
    applies=_responding,
)
ISOLATE = Action(
    "isolate",
    "Isolate a system",
    _isolate,
    _MAY,
    IsolateForm,
    submit="Isolated",
    applies=_responding,
)
RESTORE = Action(
    "restore", "Restore a system", _restore, _MAY, RestoreForm, submit="Restored", applies=_open
)
AFFECTED_AGAIN = Action(
    "affected_again",
    "Affected again",
    _affected_again,
    _MAY,
    AffectedAgainForm,
    submit="Affected again",
    applies=_responding,
)
DOWN = Action("down", "Fully down", _down, _MAY, DownForm, submit="Fully down", applies=_responding)
UP_AGAIN = Action(
    "up_again",
    "Up again",
    _up,
    _MAY,
    SystemForm,
    intro="It works again, if only in part; how long it was down goes on the timeline.",
    submit="Up again",
    applies=_open,
)
