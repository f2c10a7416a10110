"""What is in force: the newest matrix, the active floors and the target times, in one statement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from cases.models import Incident, SeverityRule, Target
from cases.severity import IMPACT, SCOPE, URGENCY, Floor, Grid, Result, compute
from incidentdesk.kernel.errors import InvalidInput
from incidentdesk.kernel.prepared import Prepared

_IN_FORCE = Prepared(
    "rules_in_force",
    """
    SELECT cells,
        (SELECT coalesce(json_agg(f), '[]') FROM (
            SELECT key, words, severity, after_minutes
            FROM cases_severityfloor WHERE is_active ORDER BY id) AS f),
        (SELECT coalesce(json_agg(t), '[]') FROM (
            SELECT severity, kind, anchor, amount, counting FROM cases_target ORDER BY id) AS t)
    FROM cases_severitymatrix ORDER BY id DESC LIMIT 1
    """,
)


@dataclass(frozen=True)
class Rules:
    """The rules at one moment; read once and handed to what is pure."""

    grid: Grid
    floors: Mapping[str, Floor]
    _targets: tuple[Mapping[str, Any], ...]

    def targets(self, severity: int) -> list[Target]:
        """How long what may take at this severity."""
        return [Target(**row) for row in self._targets if row["severity"] == severity]

    def grade(
        self,
        impact: int | None,
        scope: int | None,
        urgency: int | None,
        floors: Iterable[str] = (),
    ) -> Result:
        """The severity of these answers. A floor that is switched off no longer counts."""
        for axis, value, known in (
            ("impact", impact, IMPACT),
            ("scope", scope, SCOPE),
            ("urgency", urgency, URGENCY),
        ):
            if value is not None and value not in known:
                raise InvalidInput(f"There is no {axis} {value}; it is 1 to {known[-1]}.")
        standing = [self.floors[key] for key in floors if key in self.floors]
        return compute(self.grid, impact, scope, urgency, standing)

    def severity_of(self, incident: Incident) -> Result:
        """What the rules say of an incident, with the reason."""
        return self.grade(incident.impact, incident.scope, incident.urgency, incident.floors)

    def require_known(self, floors: Iterable[str]) -> None:
        """Refuse a floor that is not in force."""
        strange = sorted(set(floors) - set(self.floors))
        if strange:
            raise InvalidInput(f"There is no floor “{strange[0]}” in force; choose from the list.")


def in_force() -> Rules:
    """The rules as they stand now: one statement."""
    rows = _IN_FORCE.rows({})
    if not rows:  # a migration ships one, and the table is append-only
        raise RuntimeError("There is no severity matrix; run the migrations.")
    ((cells, floors, targets),) = rows
    return Rules(
        grid=Grid(tuple(cells)),
        floors={row["key"]: Floor(**row) for row in floors},
        _targets=tuple(targets),
    )


def silence_of(severity: int) -> timedelta | None:
    """How long an acknowledged incident may be without a word before it is paged again."""
    rule = SeverityRule.objects.filter(severity=severity).first()
    minutes = rule.silence_minutes if rule else None
    return timedelta(minutes=minutes) if minutes else None


def severity_of(incident: Incident) -> Result:
    """What the rules in force say of an incident, with the reason."""
    return in_force().severity_of(incident)
