"""Classifying an incident under DORA, NIS2 and the GDPR, for us or for a partner."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from django.urls import reverse

from cases import classification
from cases.admin.dialogs import classify_fields, fields
from cases.admin.page import classified
from cases.models import Incident, Involvement
from cases.regulation import answered, inputs, standing
from incidentdesk.kernel import clocks
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import Action, DeskForm
from incidentdesk.kernel.errors import InvalidInput

US = "us"


class ClassifyForm(DeskForm):
    """The questions of one regime; below them stands what follows from the answers."""

    regime: ClassVar[str]
    below = "admin/cases/incident/classified_box.html"
    party = fields.hidden_id("For whom")

    row: Involvement | None = None

    def prepare(self) -> None:
        """As it was answered last; a partner that the button named, or we."""
        self._find_party()
        newest = standing.newest(self.row or self.obj, self.regime)
        kept: Mapping[str, Any] = newest.inputs if newest else {}
        for name, one in inputs.named(self.regime).items():
            self.fields[name] = classify_fields.field(one)
            if name in kept:
                self.fields[name].initial = classify_fields.initial(one, kept[name])
        self.fields["reason"] = fields.words(
            "What it rests on", rows=2, help_text="It stays with the decision, and is internal."
        )
        name = self.row.partner.name if self.row else "us"
        was = f"; now: {newest.words}" if newest else ", for the first time"
        self.lead_in = f"For {name}{was}."
        self.preview_url = reverse(
            "admin:cases_incident_classified", args=[self.obj.pk, self.regime]
        )

    def follows(self) -> dict[str, Any]:
        """What would be decided from what the form says now; nothing is changed."""
        try:
            answer = classification.answer_to(
                self.obj, self.row, self.regime, self._said(), at=clocks.now()
            )
        except InvalidInput as error:
            return {"wrong": str(error)}
        return classified.words(self.regime, answer)

    def _find_party(self) -> None:
        rows = {str(r.pk): r for r in self.obj.involvements.select_related("partner")}
        asked = self.data.get("party") or self.initial.get("party") or US
        self.row = rows.get(str(asked))
        party: Any = self.fields["party"]
        party.choices = [(US, "us"), *((pk, fields.named(row)) for pk, row in rows.items())]
        party.coerce, party.initial = str, asked if asked in rows else US

    def _said(self) -> dict[str, Any]:
        """What is filled in and valid; what the form begins with where nothing was sent."""
        if self.is_bound:
            self.is_valid()
            return answers(self.regime, self.cleaned_data)
        newest = standing.newest(self.row or self.obj, self.regime)
        kept = newest.inputs if newest else {}
        return {
            name: value
            for name, value in kept.items()
            if not (isinstance(value, dict) and value.get("is_computed"))
        }


class DoraForm(ClassifyForm):
    """Whether it is major."""

    regime = "dora"
    folded = ("counterparts", "transactions", "value_eur")


class _AwareForm(ClassifyForm):
    """Its clocks count from the moment of which somebody was aware, not from the decision."""

    aware_at = fields.moment("Aware of it since", required=False)

    def prepare(self) -> None:
        """As it stands; else since when the incident is known, unless somebody knows better."""
        super().prepare()
        stands = answered.since(self.obj, self.row, self.regime)
        self.fields["aware_at"].initial = stands or self.obj.aware_at
        self.fields["aware_at"].help_text = "UTC. The clocks count from here."


class Nis2Form(_AwareForm):
    """Whether it is significant."""

    regime = "nis2"


class GdprForm(_AwareForm):
    """Whether a breach of personal data is to be notified."""

    regime = "gdpr"


def answers(regime: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """What the form says, as the use case takes it: what is not known is left out."""
    known = inputs.named(regime)
    found = {
        name: classify_fields.answer(one, data[name]) for name, one in known.items() if name in data
    }
    return {name: value for name, value in found.items() if value is not None}


def _classify(obj: Incident, data: Mapping[str, Any], regime: str, by: Actor, at: datetime) -> str:
    party = data["party"]
    made = classification.classify(
        incident_id=obj.pk,
        involvement_id=None if party == US else int(party),
        regime=regime,
        answers=answers(regime, data),
        reason=data["reason"],
        aware_at=data.get("aware_at"),
        by=by,
        at=at,
    )
    return f"{made} for {made.partner or 'us'}."


def _dora(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    return _classify(obj, data, "dora", by, at)


def _nis2(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    return _classify(obj, data, "nis2", by, at)


def _gdpr(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    return _classify(obj, data, "gdpr", by, at)


DORA = Action(
    "classify_dora",
    "Classify under DORA",
    _dora,
    Permission.INCIDENT_CLASSIFY,
    DoraForm,
    intro="For a partner this is a recommendation; the partner classifies. Leave open what is not "
    "known: it never counts as no.",
    submit="Save the classification",
)
NIS2 = Action(
    "classify_nis2",
    "Classify under NIS2",
    _nis2,
    Permission.INCIDENT_CLASSIFY,
    Nis2Form,
    intro="Leave open what is not known: it never counts as no.",
    submit="Save the classification",
)
GDPR = Action(
    "classify_gdpr",
    "Decide on personal data",
    _gdpr,
    Permission.INCIDENT_CLASSIFY,
    GdprForm,
    intro="While it is open, a task asks for it.",
    submit="Save the decision",
)
ALL = (DORA, NIS2, GDPR)
