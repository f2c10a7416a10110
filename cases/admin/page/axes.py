"""Where an incident's severity comes from: the three axes, and what supports each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from cases import bases, rules
from cases.models import AxisLevel, Basis, Incident
from cases.models.severity import AXES
from cases.severity import ASSUMED


@dataclass(frozen=True)
class Axis:
    """One axis in words; `basis` is what supports its value, with the way to it and who said so."""

    label: str
    value: str
    definition: str
    is_open: bool
    basis: str = ""
    url: str = ""
    by: str = ""

    @property
    def words(self) -> str:
        """Label and value in one."""
        return f"{self.label} {'is ' if self.is_open else ''}{self.value}"


def why(incident: Incident) -> dict[str, Any]:
    """The computed severity and the axes. Three queries."""
    computed = rules.severity_of(incident)
    levels = {(level.axis, level.value): level for level in AxisLevel.objects.all()}
    standing = bases.standing(incident)
    is_overridden = incident.severity_override is not None
    return {
        "computed": computed,
        "is_overridden": is_overridden,
        "drifted": computed.severity != incident.severity
        and not is_overridden
        and incident.is_open,
        "axes": [
            _axis(label, axis, getattr(incident, axis), levels, standing.get(axis))
            for axis, label in AXES
        ],
    }


def _axis(
    label: str,
    axis: str,
    value: int | None,
    levels: dict[tuple[str, int], AxisLevel],
    basis: Basis | None,
) -> Axis:
    if value is None:
        assumed = f"{axis[0].upper()}{ASSUMED[axis]}"
        return Axis(label, f"open: counts as {assumed} until answered", "", is_open=True)
    level = levels.get((axis, value))
    words, definition = (str(level), level.definition) if level else (str(value), "")
    if basis is None:
        return Axis(label, words, definition, is_open=False)
    by = str(basis.set_by) if basis.set_by else "by the desk"
    return Axis(label, words, definition, False, _named(basis), _url(basis), by)


def _named(basis: Basis) -> str:
    """The words, and what they point at where they do not name it."""
    shown = basis.alert or basis.evidence or basis.report
    if not basis.words or shown is None or str(shown) in basis.words:
        return str(basis)
    return f"{basis.words} ({shown})"


def _url(basis: Basis) -> str:
    if basis.alert_id:
        return reverse("admin:cases_alert_change", args=[basis.alert_id])
    if basis.report_id:
        return reverse("admin:cases_report_change", args=[basis.report_id])
    return ""
