"""The field with which a value of an axis is supported: what to look at, or words, or both."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from cases import queries
from cases.bases import Support
from cases.models import Basis, Incident
from incidentdesk.kernel import ids
from incidentdesk.kernel.access import Actor

SHOWN = 100
KINDS = ("alert", "evidence", "report")


class SupportWidget(forms.MultiWidget):
    """A choice of what belongs to the incident, and a line for words."""

    use_fieldset = False  # one label stands above both

    def __init__(self, axis: str) -> None:
        super().__init__(
            widgets=[
                forms.Select(attrs={"aria-label": f"What supports the {axis}"}),
                forms.TextInput(
                    attrs={"aria-label": f"What supports the {axis}, in words", "maxlength": 300}
                ),
            ]
        )

    def id_for_label(self, id_: str) -> str:
        """The label leads to the choice."""
        return f"{id_}_0" if id_ else ""

    def decompress(self, value: Any) -> list[Any]:
        """A form begins without a new support; what stands is named in the first choice."""
        return ["", ""]


class SupportField(forms.MultiValueField):
    """Answers a `Support`, or None where nothing new is given."""

    def __init__(self, axis: str) -> None:
        super().__init__(
            fields=[
                forms.ChoiceField(required=False),
                forms.CharField(required=False, max_length=300),
            ],
            widget=SupportWidget(axis),
            label=f"What supports the {axis}",
            required=False,
            require_all_fields=False,
        )

    def offer(self, rows: list[tuple[str, str]], basis: Basis | None) -> None:
        """What may be chosen; first of all, to leave what stands."""
        first = f"Keep: {basis}" if basis else "Nothing yet: choose, or say it in words"
        choices = [("", first), *rows]
        self.fields[0].choices = choices  # type: ignore[attr-defined]
        self.widget.widgets[0].choices = choices
        self.widget.widgets[1].attrs["placeholder"] = "In words, or where to look"

    def compress(self, data_list: Any) -> Support | None:
        """From what was chosen and typed."""
        chosen, words = (data_list or ["", ""])[:2]
        if not chosen and not (words or "").strip():
            return None
        kind, _, number = (chosen or "").partition(":")
        if chosen and (kind not in KINDS or ids.of(number) is None):
            raise ValidationError("Choose something that belongs to this incident.")
        return Support(words or "", **({f"{kind}_id": int(number)} if chosen else {}))


def of_incident(incident: Incident, by: Actor) -> list[tuple[str, str]]:
    """What of an incident this person can say supports a value: alerts, evidence, reports. Three
    queries."""
    alerts = incident.alerts.order_by("first_at", "id")[:SHOWN]
    evidence = queries.evidence_visible_to(by).filter(incident=incident).order_by("id")[:SHOWN]
    reports = incident.reports.select_related("partner").order_by("id")[:SHOWN]
    return [
        *((f"alert:{row.pk}", f"Alert {row.first_at:%H:%M}: {row.title}") for row in alerts),
        *((f"evidence:{row.pk}", f"Evidence: {row.title}") for row in evidence),
        *((f"report:{row.pk}", f"{row.partner} {row.reference}: {row.title}") for row in reports),
    ]
