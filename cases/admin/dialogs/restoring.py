"""Recovery on the desk: checks, reconciliation, partners who confirmed, what stays exposed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms

from cases import restoring
from cases.admin.dialogs import fields
from cases.admin.dialogs.partners import InvolvementForm
from cases.models import Incident, Phase
from incidentdesk.kernel import clocks
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import Action, DeskForm, Done


class CheckForm(DeskForm):
    """A health check or a key metric."""

    name = forms.CharField(
        label="What was checked", max_length=120, help_text="For instance: reject ratio EU-2."
    )
    passed = forms.TypedChoiceField(
        label="It is",
        choices=[("yes", "passed: back in band"), ("no", "failed")],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )
    result = fields.words("What was measured", rows=2)
    checked_at = fields.moment("Checked at")

    def prepare(self) -> None:
        """Now."""
        self.fields["checked_at"].initial = clocks.now()


def _check(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    restoring.record_check(
        incident_id=obj.pk,
        name=data["name"],
        passed=data["passed"],
        result=data["result"],
        checked_at=data["checked_at"],
        by=by,
        at=at,
    )
    return Done("The check is recorded.", _tab(obj))


class ReconcileForm(DeskForm):
    """What was compared, and what differs."""

    what = forms.CharField(
        label="What was compared",
        max_length=200,
        help_text="For instance: orders against the venue's drop copy.",
    )
    compared = forms.IntegerField(label="Compared", min_value=1, max_value=restoring.MOST)
    differences = forms.IntegerField(label="Differ", min_value=0, max_value=restoring.MOST)
    listed = fields.words(
        "Each difference, and what becomes of it", rows=3, required=False, help_text=""
    )


def _reconcile(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    restoring.reconcile(
        incident_id=obj.pk,
        what=data["what"],
        compared=data["compared"],
        differences=data["differences"],
        listed=data["listed"],
        by=by,
        at=at,
    )
    return Done("The reconciliation is recorded.", _tab(obj))


class ConfirmForm(InvolvementForm):
    """Who at the partner said so."""

    who = forms.CharField(
        label="Who said so", max_length=120, help_text="The person at the partner, and how."
    )


def _confirm(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    involvement = restoring.confirm_partner(
        incident_id=obj.pk, involvement_id=data["involvement"], who=data["who"], by=by, at=at
    )
    return Done(f"{involvement.partner} has confirmed.", _tab(obj))


class ExposureForm(DeskForm):
    """What is still exposed."""

    text = fields.words("What is still exposed", rows=3, help_text="Or “none”. You sign it.")

    def prepare(self) -> None:
        """What was signed before."""
        self.fields["text"].initial = self.obj.residual_exposure


def _expose(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    restoring.record_residual_exposure(incident_id=obj.pk, text=data["text"], by=by, at=at)
    return Done("The residual exposure is signed.", _tab(obj))


def _tab(incident: Incident) -> str:
    return f"{incident.url}?tab=recovery"


def _restores(incident: Incident) -> bool:
    return incident.phase in (Phase.MITIGATION, Phase.RECOVERY, Phase.REVIEW)


_MAY = Permission.INCIDENT_RESPOND
CHECK = Action(
    "record_check",
    "Record a check",
    _check,
    _MAY,
    CheckForm,
    intro="The newest check of one name counts.",
    submit="Record",
    applies=_restores,
)
RECONCILE = Action(
    "reconcile",
    "Reconcile data",
    _reconcile,
    _MAY,
    ReconcileForm,
    intro="The newest result of one comparison counts.",
    submit="Record",
    applies=_restores,
)
CONFIRM = Action(
    "confirm_partner",
    "Partner confirmed",
    _confirm,
    Permission.NOTICE_DRAFT,
    ConfirmForm,
    intro="A partner told you that the service works again. It can also say so in its portal.",
    submit="Confirmed",
    applies=lambda incident: incident.phase in restoring.ASKED_IN,
    also=_MAY,
)
EXPOSURE = Action(
    "residual_exposure",
    "Residual exposure",
    _expose,
    Permission.INCIDENT_COMMAND,
    ExposureForm,
    submit="Sign",
    applies=lambda incident: incident.is_open,
)
