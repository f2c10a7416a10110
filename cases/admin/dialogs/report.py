"""Triage of what a partner reports: an incident, part of one, or an answer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms

from cases.admin.dialogs import fields
from cases.admin.dialogs.partners import MEANING, SHOWN
from cases.intake import reports
from cases.models import Report
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import Action, DeskForm, Done


class ShownForm(DeskForm):
    """What the partner reads of the incident: in our words, and how severe it is for it."""

    shown_title = forms.CharField(label="Title for this partner", max_length=200, help_text=SHOWN)
    meaning = fields.words(
        MEANING,
        required=False,
        help_text="In our words, for instance: Your orders on EU-2 wait; use EU-1. The partner "
        "reads this from now on, and a facts package begins with it. Empty: it reads that this is "
        "not known yet.",
    )
    shown_severity = fields.severity_choice(
        "Severity for this partner",
        help_text="The partner reads this one, and never how severe the incident is.",
        is_open=True,
    )

    def prepare(self) -> None:
        """Begin with the report's own title; what it means is ours to say."""
        self.fields["shown_title"].initial = self.obj.title


class AcceptForm(ShownForm):
    """What the partner reads, and the three axes as far as the report tells them."""

    impact = fields.impact()
    scope = fields.scope()
    urgency = fields.urgency()

    def prepare(self) -> None:
        """The report's words, and the definitions."""
        super().prepare()
        fields.explain_axes(self)


class AttachForm(ShownForm):
    """The incident that it belongs to, and what the partner reads of it."""

    reference = forms.CharField(
        label="Incident", max_length=20, help_text="The reference of an open incident: INC-…"
    )
    field_order = ("reference", "shown_title", "meaning", "shown_severity")
    lead_in = "If the partner is listed there in words already, what it reads of it stays as it is."


class DeclineForm(DeskForm):
    """What the partner is told instead."""

    answer = fields.words("Answer", help_text="The partner reads this, word for word.")


def _accept(obj: Report, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    incident = reports.accept(
        report_id=obj.pk,
        impact=data["impact"],
        scope=data["scope"],
        urgency=data["urgency"],
        shown_title=data["shown_title"],
        shown_severity=data["shown_severity"],
        meaning=data["meaning"],
        by=by,
        at=at,
    )
    return Done(f"{obj.reference} is {incident.reference} now.", to=incident.url)


def _attach(obj: Report, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    incident = reports.attach(
        report_id=obj.pk,
        reference=data["reference"],
        shown_title=data["shown_title"],
        shown_severity=data["shown_severity"],
        meaning=data["meaning"],
        by=by,
        at=at,
    )
    return Done(f"{obj.reference} belongs to {incident.reference} now.", to=incident.url)


def _decline(obj: Report, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    reports.decline(report_id=obj.pk, answer=data["answer"], by=by, at=at)
    return f"{obj.reference} is answered; {obj.partner} reads the answer in its portal."


def _is_new(report: Report) -> bool:
    return report.state == Report.State.NEW


_MAY = Permission.REPORT_TRIAGE
ACCEPT = Action(
    "accept",
    "Accept",
    _accept,
    _MAY,
    AcceptForm,
    intro="It becomes an incident, and the partner sees it as its own, with these words, "
    "since when its report says.",
    submit="Open an incident",
    is_primary=True,
    applies=_is_new,
)
ATTACH = Action(
    "attach",
    "Attach",
    _attach,
    _MAY,
    AttachForm,
    intro="It belongs to an incident that is open already; the partner sees its view of that one.",
    submit="Attach",
    applies=_is_new,
)
DECLINE = Action(
    "decline",
    "Decline",
    _decline,
    _MAY,
    DeclineForm,
    intro="It is no incident.",
    submit="Answer",
    applies=_is_new,
)
