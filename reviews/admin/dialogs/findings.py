"""Beginning a review, and its findings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django import forms
from django.urls import reverse

from cases import facts, gates
from cases.admin.dialogs.fields import words
from cases.models import Incident
from incidentdesk.kernel import clocks
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import Action, DeskForm, Done
from reviews import workflow
from reviews.admin.dialogs.fields import can_change, person
from reviews.models import Review
from reviews.models.review import FINDINGS

NOT_YET = "Not yet: what has no tick is still missing."


class BeginForm(DeskForm):
    """Nothing to fill in; shows the gates before the review."""

    above = "admin/reviews/review/gates.html"
    needs: list[gates.Checked] = []

    def prepare(self) -> None:
        """The gates, as they stand now."""
        self.needs = gates.check("begin_review", facts.of(self.obj, at=clocks.now()))
        if any(not need.is_open for need in self.needs):
            self.lead_in = NOT_YET


def _begin(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    review = workflow.begin(incident_id=obj.pk, by=by, at=at)
    page = reverse("admin:reviews_review_change", args=[review.pk])
    return Done(f"{obj.reference} is in Review; its review is open.", to=page)


class WriteForm(DeskForm):
    """The findings, as one text each."""

    root_cause = words(
        "Root cause", rows=5, required=False, help_text="Needed before the incident can close."
    )
    contributing_factors = words(
        "Contributing factors",
        required=False,
        help_text="Needed too. What made it possible, worse or longer: systems, rules, not people.",
    )
    method = forms.ChoiceField(label="Looked for by", choices=Review.Method.choices)
    trigger = words("What set it off", rows=2, required=False)
    not_detected = words("Why it was not detected earlier", rows=2, required=False)
    went_well = words("What went well", rows=2, required=False)
    went_badly = words("What went badly", rows=2, required=False)
    luck = words("Where there was luck", rows=2, required=False)
    facilitator = person(
        "Facilitator",
        required=False,
        help_text="Who leads the review; of a SEV-1 or SEV-2 not its commander.",
    )
    revision = forms.IntegerField(min_value=0, widget=forms.HiddenInput)

    def prepare(self) -> None:
        """What was written before."""
        for name in (*FINDINGS, "method"):
            self.fields[name].initial = getattr(self.obj, name)
        self.fields["facilitator"].initial = self.obj.facilitator_id
        self.fields["revision"].initial = self.obj.revision


def _write(obj: Review, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    known = asdict(workflow.Findings())
    facilitator = data["facilitator"]
    workflow.write(
        review_id=obj.pk,
        findings=workflow.Findings(**{name: data[name] for name in known}),
        facilitator_id=facilitator.pk if facilitator else None,
        method=data["method"],
        revision=data["revision"],
        by=by,
        at=at,
    )
    return "The findings are written."


_MAY = Permission.REVIEW_WRITE
BEGIN = Action(
    "begin",
    "Begin review",
    _begin,
    Permission.INCIDENT_COMMAND,
    BeginForm,
    submit="Move to Review",
    is_primary=True,
)
WRITE = Action(
    "write", "Write findings", _write, _MAY, WriteForm, submit="Save", applies=can_change
)
