"""Fixes on the desk: proposing one, approving it, and ending a temporary one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms

from cases import fixes
from cases.admin.dialogs import fields
from cases.models import Fix, Incident, Phase
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import Action, DeskForm


class ProposeForm(DeskForm):
    """What is changed, and what a second person needs to judge it."""

    kind = forms.ChoiceField(
        label="Kind",
        choices=[
            ("temporary", "temporary: it holds until a permanent one replaces it"),
            ("permanent", "permanent"),
        ],
        widget=forms.RadioSelect,
    )
    text = fields.words("What is changed", rows=3)
    change_reference = forms.CharField(label="Reference of the change", max_length=80)
    test_evidence = fields.words("Where it was tried first, and what came out", rows=2)
    rollback_plan = fields.words("How to go back", rows=2)
    owner = fields.person(
        "Owner",
        Permission.INCIDENT_RESPOND,
        nobody="Choose…",
        help_text="Of a temporary fix: who sees to its end.",
    )
    expires_on = forms.DateField(
        label="Expires on",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="Of a temporary fix: its last day.",
    )

    def prepare(self) -> None:
        """Yours, unless you say otherwise."""
        self.fields["owner"].initial = self.actor.user_id
        self.fields["kind"].initial = "permanent" if not self.obj.is_open else "temporary"


def _propose(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    fixes.propose(
        incident_id=obj.pk,
        kind=data["kind"],
        text=data["text"],
        change_reference=data["change_reference"],
        test_evidence=data["test_evidence"],
        rollback_plan=data["rollback_plan"],
        owner_id=data["owner"].pk if data["owner"] else None,
        expires_on=data["expires_on"],
        by=by,
        at=at,
    )
    return "The fix waits for a second person's approval."


def _approve(obj: Fix, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    return f"{fixes.approve(fix_id=obj.pk, by=by, at=at)} is approved."


class ReasonForm(DeskForm):
    """Why."""

    reason = fields.words("Reason", rows=3, help_text="It goes on the timeline.")


def _withdraw(obj: Fix, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    fixes.withdraw(fix_id=obj.pk, reason=data["reason"], by=by, at=at)
    return f"{obj} is withdrawn."


def _accept(obj: Fix, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    fixes.accept(fix_id=obj.pk, reason=data["reason"], by=by, at=at)
    return f"{obj} stays; it is accepted."


class ReplaceForm(DeskForm):
    """Which permanent fix took its place."""

    other = forms.TypedChoiceField(label="Replaced by", coerce=int)

    def prepare(self) -> None:
        """The approved permanent fixes of its incident."""
        rows = Fix.objects.filter(
            incident=self.obj.incident_id, kind=Fix.Kind.PERMANENT, state=Fix.State.APPROVED
        )
        choices = [(row.pk, f"{row.change_reference}: {row.text[:80]}") for row in rows]
        self.fields["other"].choices = choices  # type: ignore[attr-defined]
        if not choices:
            self.lead_in = "No permanent fix of its incident is approved yet; propose one first."


def _replace(obj: Fix, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    fixes.replace(fix_id=obj.pk, by_fix_id=data["other"], by=by, at=at)
    return f"{obj} is replaced."


def _may_propose(incident: Incident) -> bool:
    """From Containment on, and after closing: a temporary fix may still have to be replaced."""
    return incident.phase not in (Phase.IDENTIFICATION, Phase.DISMISSED)


_MAY = Permission.INCIDENT_RESPOND
PROPOSE = Action(
    "propose_fix",
    "Propose a fix",
    _propose,
    _MAY,
    ProposeForm,
    intro="A second person approves it before it counts.",
    submit="Propose",
    applies=_may_propose,
)
APPROVE = Action(
    "approve",
    "Approve",
    _approve,
    Permission.FIX_APPROVE,
    intro="You stand behind the change, its test and its way back.",
    is_primary=True,
    applies=lambda fix: fix.state == Fix.State.PROPOSED,
)
REPLACE = Action("replace", "Replace", _replace, _MAY, ReplaceForm, applies=lambda fix: fix.is_open)
ACCEPT = Action(
    "accept",
    "Accept",
    _accept,
    Permission.RISK_ACCEPT,
    ReasonForm,
    intro="The temporary fix stays for good, and nobody owes its end any more.",
    applies=lambda fix: fix.is_open,
)
WITHDRAW = Action(
    "withdraw",
    "Withdraw",
    _withdraw,
    _MAY,
    ReasonForm,
    is_grave=True,
    applies=lambda fix: fix.state in (Fix.State.PROPOSED, Fix.State.APPROVED) and not fix.is_open,
)
