"""Asking for approval, approving, sending back; what partners read, and the report to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.html import format_html

from cases import wording
from cases.admin.dialogs import fields
from cases.admin.dialogs.fields import words
from cases.models import Incident
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import Action, DeskForm, Done
from reviews import approval, completeness, drafting, reporting, workflow
from reviews.admin.dialogs.fields import can_change, is_asked
from reviews.models import Review

NOT_YET = "Not yet: what has no tick is still missing."


class WholeForm(DeskForm):
    """Nothing to fill in; shows what the review still lacks."""

    above = "admin/reviews/review/requirements.html"
    requirements: list[completeness.Checked] = []

    def prepare(self) -> None:
        """What a complete review has, as it stands now."""
        self.requirements = completeness.check(drafting.facts(self.obj))
        if any(not row.is_met for row in self.requirements):
            self.lead_in = NOT_YET


class SendBackForm(DeskForm):
    """What has to change."""

    reason = words(
        "What has to change", rows=4, help_text="Whoever asked reads it; it is on the timeline too."
    )


class PartnersForm(DeskForm):
    """What may leave the house, in three texts."""

    partner_story = words(
        "What happened",
        rows=4,
        required=False,
        help_text="No names or references of ours.",
    )
    partner_cause = words("The cause", rows=4, required=False)
    partner_measures = words("What changes, so that it does not return", rows=4, required=False)
    revision = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    def prepare(self) -> None:
        """What was written before."""
        for name in self.fields:
            self.fields[name].initial = getattr(self.obj, name)


class ReportForm(DeskForm):
    """The text of the report, and which partners get it."""

    body = words("Text", rows=14, help_text=f"Filled in for each partner: {wording.named()}.")
    audience = fields.ticks("To")

    def prepare(self) -> None:
        """What was written for partners, and all who know of the incident."""
        rows = list(reporting.told(self.obj))
        self.fields["audience"].choices = [(row.pk, fields.named(row)) for row in rows]  # type: ignore[attr-defined]
        self.fields["audience"].initial = [row.pk for row in rows]
        self.fields["body"].initial = reporting.text_of(self.obj)
        if self.obj.incident.tlp == Incident.Tlp.RED:
            way = reverse("admin:cases_incident_do", args=[self.obj.incident_id, "draft_notice"])
            self.refusal = format_html(
                'TLP:RED is for named people: <a href="{}?kind=report">draft the report on the '
                "incident</a>, where you can name them.",
                way,
            )


def _ask(obj: Review, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    approval.ask(review_id=obj.pk, by=by, at=at)
    return "The approvers are told. The review stays as it is until they answer."


def _send_back(obj: Review, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    approval.send_back(review_id=obj.pk, reason=data["reason"], by=by, at=at)
    return "The review is sent back; whoever asked is told."


def _finish(obj: Review, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    workflow.finish(review_id=obj.pk, by=by, at=at)
    return f"The review is approved, and {obj.incident.reference} is closed."


def _for_partners(obj: Review, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    known = asdict(workflow.ForPartners())
    workflow.write_for_partners(
        review_id=obj.pk,
        words=workflow.ForPartners(**{name: data[name] for name in known}),
        revision=data["revision"],
        by=by,
        at=at,
    )
    return "What partners may read is written."


def _report(obj: Review, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    notice = reporting.draft(
        review_id=obj.pk, body=data["body"], involvement_ids=data["audience"], by=by, at=at
    )
    address = reverse("admin:cases_notice_preview", args=[notice.pk])
    return Done("The report waits for a second person's approval.", to=address)


def _can_report(review: Review) -> bool:
    return review.is_approved and not review.incident.is_open


ASK = Action(
    "ask",
    "Ask for approval",
    _ask,
    Permission.REVIEW_WRITE,
    WholeForm,
    intro="The approvers are told, and the review stays as it is until one of them answers.",
    is_primary=True,
    applies=can_change,
)
SEND_BACK = Action(
    "send_back",
    "Send back",
    _send_back,
    Permission.REVIEW_APPROVE,
    SendBackForm,
    applies=is_asked,
)
FINISH = Action(
    "finish",
    "Approve and close",
    _finish,
    Permission.REVIEW_APPROVE,
    WholeForm,
    intro="The review stays as it is from now on, and the incident closes.",
    is_primary=True,
    applies=is_asked,
)
FOR_PARTNERS = Action(
    "for_partners",
    "Write for partners",
    _for_partners,
    Permission.REVIEW_WRITE,
    PartnersForm,
    intro="A report to partners begins with this. It is approved as every notice is.",
    submit="Save",
    applies=can_change,
)
REPORT = Action(
    "report",
    "Report to partners",
    _report,
    Permission.NOTICE_DRAFT,
    ReportForm,
    intro="A draft. A second person approves it before it is sent.",
    submit="Save the draft",
    applies=_can_report,
)
