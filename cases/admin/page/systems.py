"""The affected systems of an incident as the page lists them, and who depends on them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.http import urlencode

from cases import queries
from cases.admin.page import moments
from cases.models import AffectedSystem, Evidence, Incident


@dataclass(frozen=True)
class SystemRow:
    """One affected system: since when it is as it is, since when it is down, what shows it."""

    affected: AffectedSystem
    when: str
    down: str
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True)
class Dependent:
    """A partner that depends on an affected system and is not listed; `url` lists it."""

    name: str
    systems: str
    url: str


def rows(incident: Incident, now: datetime) -> list[SystemRow]:
    """Every affected system. Two queries, whatever their number."""
    found = incident.systems.select_related("system", "changed_by", "checked_by")
    return [
        SystemRow(
            affected,
            when=moments.short(affected.changed_at, now),
            down=moments.short(affected.down_since, now) if affected.down_since else "",
            evidence=tuple(affected.evidence.all()),
        )
        for affected in found.prefetch_related("evidence")
    ]


def dependents(incident: Incident, buttons: dict[str, dict[str, Any]]) -> list[Dependent]:
    """Partners to list, while the incident is open; for whoever may list them with a link."""
    if not incident.is_open:
        return []
    way = buttons.get("add_partner", {}).get("url", "")
    return [
        Dependent(
            partner.name,
            ", ".join(partner.depends_on),
            f"{way}?{urlencode({'partner': partner.pk})}" if way else "",
        )
        for partner in queries.dependent_partners(incident)
    ]
