"""The times that are known of one party: its own, else those of the incident. Reads only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from cases.models import Anchor, Incident, Involvement
from cases.models.moment import MOMENTS


@dataclass(frozen=True)
class Known:
    """One time as it stands, with who entered it; of an incident's own times nobody is named."""

    value: datetime | None = None
    day: date | None = None
    actor: str = ""
    at: datetime | None = None

    @property
    def is_known(self) -> bool:
        """There is a time, or at least a day."""
        return self.value is not None or self.day is not None


def own(incident: Incident, involvement: Involvement | None) -> dict[str, Known]:
    """What was recorded of one party itself, by name, taken back or not. One query."""
    rows = Anchor.objects.filter(involvement=involvement)
    if involvement is None:
        rows = rows.filter(incident=incident)
    return {row.name: Known(row.value, row.day, row.actor, row.at) for row in rows.order_by("id")}


def current(incident: Incident, involvement: Involvement | None) -> dict[str, Known]:
    """All that is known of one party. A partner's own time goes before that of the incident."""
    found = {name: Known(getattr(incident, name)) for name, _ in MOMENTS}
    found |= {name: one for name, one in own(incident, involvement).items() if one.is_known}
    return {name: one for name, one in found.items() if one.is_known}


def times(of: Mapping[str, Known]) -> dict[str, datetime]:
    """Those that are times; a bare day is none."""
    return {name: one.value for name, one in of.items() if one.value is not None}
