"""Declaring an incident, evaluating it, and setting its severity by hand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms

from cases import evaluation, severity, workflow
from cases.admin.dialogs import fields
from cases.models import Incident
from incidentdesk.kernel import clocks
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import Action, DeskForm, Done


class DeclareForm(DeskForm):
    """What is known when a person declares an incident: a title is enough, the rest can follow."""

    folded = ("description", "occurred_at")
    title = forms.CharField(
        label="What is wrong", max_length=200, help_text="In a few words; it heads every page."
    )
    category = fields.category(required=False)
    description = fields.words("What you see", rows=3, required=False)
    impact = fields.impact()
    scope = fields.scope()
    urgency = fields.urgency()
    occurred_at = fields.moment("Occurred at", required=False, help_text="UTC, if it is known.")

    def clean_occurred_at(self) -> datetime | None:
        """What has not occurred cannot be declared."""
        occurred: datetime | None = self.cleaned_data["occurred_at"]
        if occurred and occurred > clocks.now():
            raise forms.ValidationError("This time lies in the future; check it.")
        return occurred


def _declare(obj: None, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    category = data["category"]
    opening = workflow.Opening(
        title=data["title"],
        description=data["description"],
        category_id=category.pk if category else None,
        category_key=category.key if category else "",
        detection=Incident.Detection.STAFF,
        detected_by=f"staff · {by.name}",
        detected_at=at,
        aware_at=at,
        occurred_at=data["occurred_at"],
        impact=data["impact"],
        scope=data["scope"],
        urgency=data["urgency"],
    )
    incident = workflow.open_incident(opening=opening, by=by, at=at)
    return Done(f"{incident.reference} is open.", to=incident.url)


class EvaluateForm(DeskForm):
    """Category, nature, the three axes, floors and times; the severity follows from them."""

    category = fields.category()
    is_confirmed = forms.BooleanField(
        label="The nature is confirmed: it is an incident of this category", required=False
    )
    impact = fields.impact()
    scope = fields.scope()
    urgency = fields.urgency()
    floors = forms.MultipleChoiceField(
        label="Also true",
        choices=[
            (f.key, f"{f.words} (at least SEV-{f.severity})") for f in severity.FLOORS.values()
        ],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    occurred_at = fields.moment("Occurred at", required=False)
    detected_at = fields.moment("Detected at")
    aware_at = fields.moment("We became aware at", required=False)
    tlp = forms.ChoiceField(label="Who may be told (TLP)", choices=Incident.Tlp.choices)
    reason = fields.words(
        "Reason",
        rows=2,
        required=False,
        help_text="Only to lower the severity of an incident whose nature is confirmed.",
    )

    def prepare(self) -> None:
        """As it stands now."""
        now: Incident = self.obj
        for name in ("category", "impact", "scope", "urgency", "floors", "tlp"):
            self.fields[name].initial = getattr(now, name)
        for name in ("occurred_at", "detected_at"):
            self.fields[name].initial = getattr(now, name)
        self.fields["aware_at"].initial = now.aware_at or now.acknowledged_at
        if now.confirmed_at:
            self.fields["is_confirmed"].initial = True
            self.fields["is_confirmed"].disabled = True
        self.lead_in = f"SEV-{now.severity} now: {now.computed_severity().why}."


def _evaluate(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    detected = fields.kept(obj.detected_at, data["detected_at"]) or obj.detected_at
    occurred = fields.kept(obj.occurred_at, data["occurred_at"])
    aware = fields.kept(obj.aware_at or obj.acknowledged_at, data["aware_at"])
    # The form counts in minutes: within one minute the order cannot be wrong.
    if aware and fields.to_minute(aware) == fields.to_minute(detected):
        aware = max(aware, detected)
    if occurred and fields.to_minute(occurred) == fields.to_minute(detected):
        occurred = min(occurred, detected)
    found = evaluation.Evaluation(
        category_id=data["category"].pk,
        impact=data["impact"],
        scope=data["scope"],
        urgency=data["urgency"],
        floors=tuple(data["floors"]),
        occurred_at=occurred,
        detected_at=detected,
        aware_at=aware,
        tlp=data["tlp"],
        is_confirmed=data["is_confirmed"],
        reason=data["reason"],
    )
    incident = evaluation.evaluate(incident_id=obj.pk, found=found, by=by, at=at)
    return f"{incident.reference} is evaluated: SEV-{incident.severity}."


class OverrideForm(DeskForm):
    """A severity by hand, against what the matrix says."""

    severity = fields.severity_choice()
    reason = fields.words("Reason", rows=3, help_text="It goes on the timeline.")

    def prepare(self) -> None:
        """What the matrix says."""
        result = self.obj.computed_severity()
        self.fields["severity"].initial = self.obj.severity
        self.lead_in = f"Computed: SEV-{result.severity}, from {result.why}."


def _override(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    evaluation.override_severity(
        incident_id=obj.pk, severity=data["severity"], reason=data["reason"], by=by, at=at
    )
    return f"{obj.reference} is SEV-{data['severity']} now."


DECLARE = Action(
    "declare",
    "Declare an incident",
    _declare,
    Permission.INCIDENT_DECLARE,
    DeclareForm,
    intro="It opens in Identification, its clocks start, and people are paged by its severity.",
    submit="Declare",
    is_primary=True,
)
EVALUATE = Action(
    "evaluate",
    "Evaluate",
    _evaluate,
    Permission.INCIDENT_RESPOND,
    EvaluateForm,
    submit="Save the evaluation",
    applies=lambda incident: incident.is_open,
)
OVERRIDE = Action(
    "override_severity",
    "Override the severity",
    _override,
    Permission.INCIDENT_RESPOND,
    OverrideForm,
    intro="Anyone who responds may raise it; lowering it is for a commander, never below a floor.",
    submit="Set the severity",
    applies=lambda incident: incident.is_open,
)
