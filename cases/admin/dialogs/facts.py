"""Handing a partner its facts package: what it needs for its own reports."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.urls import reverse

from cases import packages
from cases.admin.dialogs import fields
from cases.admin.dialogs.partners import SHOWN, InvolvementForm
from cases.models import FactsPackage, Incident, Involvement
from cases.regulation import details, its, standing
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import Action, Done
from incidentdesk.kernel.errors import InvalidInput

Stage = FactsPackage.Stage
# What the next package begins with, as the one before had it.
KEPT = (
    "text",
    "services",
    "began_at",
    "ended_at",
    "downtime_minutes",
    "clients",
    "clients_share",
    "transactions",
    "transactions_share",
    "value_eur",
    "is_estimate",
)


def _count(label: str) -> forms.IntegerField:
    return forms.IntegerField(label=label, min_value=0, max_value=2**31 - 1, required=False)


def _share(label: str) -> forms.DecimalField:
    return forms.DecimalField(
        label=label, min_value=0, max_value=100, max_digits=5, decimal_places=2, required=False
    )


def field_of(number: str) -> str:
    """How a field of the report is called in the form."""
    return f"field_{number.replace('.', '_')}"


def _detail(one: details.Detail) -> forms.Field:
    if one.kind == details.Kind.TEXT:
        return fields.words(one.label, rows=2, required=False)  # type: ignore[no-any-return]
    if one.kind == details.Kind.MOMENT:
        return fields.moment(one.label, required=False)  # type: ignore[no-any-return]
    if one.kind == details.Kind.CHOICE:
        choices = [("", "Not known yet"), *one.choices]
        return forms.ChoiceField(label=one.label, choices=choices, required=False)
    boxes = forms.CheckboxSelectMultiple
    return forms.MultipleChoiceField(
        label=one.label, choices=one.choices, required=False, widget=boxes
    )


class FactsForm(InvolvementForm):
    """The figures for one partner; what is not known stays empty.

    Under “More” are the fields of the DORA report that only a person knows; below them stands what
    the package would leave open.
    """

    below = "admin/cases/incident/prepared_box.html"
    folded = tuple(field_of(one.number) for one in details.DETAILS)

    stage = forms.ChoiceField(label="Which package", choices=Stage.choices)
    text = fields.words("What happened", help_text=SHOWN)
    services = fields.words("Services of the partner that are affected", rows=2, required=False)
    began_at = fields.moment("Began", required=False)
    ended_at = fields.moment("Ended", required=False)
    downtime_minutes = _count("Downtime in minutes")
    clients = _count("Clients affected")
    clients_share = _share("Share of its clients (%)")
    transactions = _count("Transactions affected")
    transactions_share = _share("Share of its transactions (%)")
    value_eur = forms.IntegerField(
        label="Value affected (EUR)", min_value=0, max_value=2**62, required=False
    )
    is_estimate = forms.BooleanField(label="Figures are estimates", required=False)
    without_figures = forms.BooleanField(
        label="There are no figures yet",
        required=False,
        help_text="Only where all of them are empty: the partner has it in time, and reads that "
        "none is known.",
    )

    def prepare(self) -> None:
        """As the package before had it; the first one as the incident stands."""
        super().prepare()
        for one in details.DETAILS:
            self.fields[field_of(one.number)] = _detail(one)
        self.preview_url = reverse("admin:cases_incident_prepared", args=[self.obj.pk])
        if self.row is None:
            return
        before = self.row.packages.first()
        stages = list(Stage.values)
        had = stages.index(before.stage) if before else -1
        self.fields["stage"].initial = stages[min(had + 1, len(stages) - 1)]
        known = {name: getattr(before, name) for name in KEPT} if before else _as_it_stands(self)
        known |= _details_of(before) if before else {}
        known |= {} if before else _counted_of(self.row)
        for name, value in known.items():
            self.fields[name].initial = value

    def follows(self) -> FactsPackage | None:
        """The package as it would be handed over now, not saved; None while nothing is chosen."""
        if self.row is None:
            return None
        said = {name: field.initial for name, field in self.fields.items()}
        if self.is_bound:
            self.is_valid()
            said |= self.cleaned_data
        figures = packages.Figures(
            **{name: said.get(name) for name in KEPT}
            | {
                "text": said.get("text") or "",
                "services": said.get("services") or "",
                "is_estimate": bool(said.get("is_estimate")),
            }
        )
        stage = said["stage"] or Stage.INITIAL
        try:
            return packages.prepare(
                self.obj, self.row, stage, figures, details.clean(_details(said))
            )
        except InvalidInput:
            return None


def _details(said: Mapping[str, Any]) -> dict[str, Any]:
    """What was entered for the report, by number."""
    found = {one.number: said.get(field_of(one.number)) for one in details.DETAILS}
    return {number: value for number, value in found.items() if value not in (None, "", [])}


def _details_of(before: FactsPackage) -> dict[str, Any]:
    """What the package before held of it, as its fields begin."""
    found = {}
    for one in details.DETAILS:
        value = its.at(before.report, its.NAMED[one.number].path)
        if value is None:
            continue
        if one.kind == details.Kind.MOMENT:
            value = datetime.fromisoformat(value)
        if isinstance(value, bool):
            value = "yes" if value else "no"
        found[field_of(one.number)] = value
    return found


def _counted_of(row: Involvement) -> dict[str, Any]:
    """The figures that its classification knows already."""
    newest = standing.newest(row, "dora")
    if newest is None:
        return {}
    return {
        name: newest.inputs[name]["value"] for name in packages.COUNTED if name in newest.inputs
    }


def _as_it_stands(form: FactsForm) -> dict[str, Any]:
    incident: Incident = form.obj
    row: Involvement | None = form.row
    down: timedelta | None = None
    if incident.occurred_at and incident.recovered_at:
        down = incident.recovered_at - incident.occurred_at
    return {
        "text": row.meaning if row else "",
        "began_at": incident.occurred_at,
        "ended_at": incident.recovered_at,
        "downtime_minutes": int(down.total_seconds() // 60) if down else None,
        "is_estimate": True,
    }


def _hand_over(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    made = packages.hand_over(
        incident_id=obj.pk,
        involvement_id=data["involvement"],
        stage=data["stage"],
        figures=packages.Figures(**{name: data[name] for name in KEPT}),
        details=_details(data),
        without_figures=data["without_figures"],
        by=by,
        at=at,
    )
    return Done(f"{made.partner} has its facts, as {made}.", f"{obj.url}?tab=partners")


HAND_OVER = Action(
    "hand_over_facts",
    "Hand over facts",
    _hand_over,
    Permission.NOTICE_SEND,
    FactsForm,
    intro="The partner finds it in its portal at once, as a page and as JSON, and has a mail. It "
    "stays as it is; what is learned later goes into another.",
    submit="Hand over",
)
