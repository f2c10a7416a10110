"""Declaring an incident, evaluating it, and setting its severity by hand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.urls import reverse

from cases import bases, consequences, evaluation, rules, workflow
from cases.admin.dialogs import fields, supports
from cases.admin.dialogs.supports import SupportField
from cases.admin.page import follows
from cases.models import Incident, SeverityFloor
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

    is_exercise = forms.BooleanField(
        label="This is an exercise",
        required=False,
        help_text="Plain on every page, in no figure. It stays one.",
    )
    exercise_pages = forms.BooleanField(label="The exercise pages people", required=False)
    exercise_tells = forms.BooleanField(label="The exercise tells partners", required=False)

    def prepare(self) -> None:
        """The definitions."""
        fields.explain_axes(self)


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
        is_exercise=data["is_exercise"],
        exercise_pages=data["exercise_pages"],
        exercise_tells=data["exercise_tells"],
    )
    incident = workflow.open_incident(opening=opening, by=by, at=at)
    return Done(f"{incident.reference} is open.", to=incident.url)


class EvaluateForm(DeskForm):
    """Category, nature, the three axes with what supports each, floors and times.

    Below the fields stands what follows from the answers; the desk's script refreshes it. Without
    one the button “Show what follows” does.
    """

    below = "admin/cases/incident/follows_box.html"

    category = fields.category()
    is_confirmed = forms.BooleanField(
        label="The nature is confirmed: it is an incident of this category", required=False
    )
    impact = fields.impact()
    impact_basis = SupportField("impact")
    scope = fields.scope()
    scope_basis = SupportField("scope")
    urgency = fields.urgency()
    urgency_basis = SupportField("urgency")
    floors = forms.MultipleChoiceField(
        label="Also true", required=False, widget=forms.CheckboxSelectMultiple
    )
    occurred_at = fields.moment("Occurred at", required=False)
    detected_at = fields.moment("Detected at")
    aware_at = fields.moment("We became aware at", required=False)
    tlp = forms.ChoiceField(label="Who may be told (TLP)", choices=Incident.Tlp.choices)
    reason = fields.words(
        "Reason",
        rows=2,
        required=False,
        help_text="Only to lower the severity or the TLP, which a commander does: what shows that "
        "less is harmed, or that more may know.",
    )

    def prepare(self) -> None:
        """As it stands now."""
        now: Incident = self.obj
        fields.explain_axes(self)
        floors = SeverityFloor.objects.filter(is_active=True)
        self.fields["floors"].choices = [(floor.key, str(floor)) for floor in floors]  # type: ignore[attr-defined]
        rows, standing = supports.of_incident(now, self.actor), bases.standing(now)
        for axis in evaluation.AXES:
            self.fields[f"{axis}_basis"].offer(rows, standing.get(axis))  # type: ignore[attr-defined]
        for name in ("category", *evaluation.AXES, "floors", "tlp", "occurred_at", "detected_at"):
            self.fields[name].initial = getattr(now, name)
        self.fields["aware_at"].initial = now.aware_at or now.acknowledged_at
        if now.confirmed_at:
            self.fields["is_confirmed"].initial = True
            self.fields["is_confirmed"].disabled = True
        self.lead_in = f"SEV-{now.severity} now: {rules.severity_of(now).why}."
        self.preview_url = reverse("admin:cases_incident_follows", args=[now.pk])

    def clean(self) -> dict[str, Any]:
        """The button without a script asks what would follow, and saves nothing."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "show" in self.data:
            raise forms.ValidationError("Nothing is saved yet; look at what would follow.")
        return cleaned

    def follows(self) -> dict[str, Any]:
        """What would follow from what the form says now, in words; nothing is changed."""
        found = _found(self.obj, self._said())
        at = clocks.now()
        return follows.words(consequences.of(self.obj, found, by=self.actor, at=at), at)

    def _said(self) -> dict[str, Any]:
        """What is filled in and valid; as it stands now where something is not."""
        now: Incident = self.obj
        said: dict[str, Any] = {
            name: getattr(now, name) for name in (*evaluation.AXES, "category", "floors", "tlp")
        }
        said |= {"occurred_at": now.occurred_at, "detected_at": now.detected_at}
        said |= {"aware_at": now.aware_at, "is_confirmed": now.confirmed_at is not None}
        if self.is_bound:
            self.is_valid()
            said |= self.cleaned_data
        return said


def _found(obj: Incident, data: Mapping[str, Any]) -> evaluation.Evaluation:
    """What the form says. Its times count in minutes: within one the order cannot be wrong."""
    detected = fields.kept(obj.detected_at, data["detected_at"]) or obj.detected_at
    occurred = fields.kept(obj.occurred_at, data["occurred_at"])
    aware = fields.kept(obj.aware_at or obj.acknowledged_at, data["aware_at"])
    if aware and fields.to_minute(aware) == fields.to_minute(detected):
        aware = max(aware, detected)
    if occurred and fields.to_minute(occurred) == fields.to_minute(detected):
        occurred = min(occurred, detected)
    named = {axis: data.get(f"{axis}_basis") for axis in evaluation.AXES}
    return evaluation.Evaluation(
        category_id=data["category"].pk if data["category"] else 0,
        impact=data["impact"],
        scope=data["scope"],
        urgency=data["urgency"],
        floors=tuple(data["floors"]),
        occurred_at=occurred,
        detected_at=detected,
        aware_at=aware,
        tlp=data["tlp"],
        is_confirmed=data["is_confirmed"],
        reason=data.get("reason", ""),
        bases={axis: support for axis, support in named.items() if support},
    )


def _evaluate(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    found = _found(obj, data)
    incident = evaluation.evaluate(incident_id=obj.pk, found=found, by=by, at=at)
    return f"{incident.reference} is evaluated: SEV-{incident.severity}."


class OverrideForm(DeskForm):
    """A severity by hand, against what the matrix says."""

    severity = fields.severity_choice()
    reason = fields.words(
        "Reason",
        rows=3,
        help_text="To lower it, say what shows that less is harmed than the matrix assumes, and "
        "where that can be looked up; to raise it, what the matrix does not see. It goes on the "
        "timeline, and the review reads it.",
    )

    def prepare(self) -> None:
        """What the matrix says."""
        result = rules.severity_of(self.obj)
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
