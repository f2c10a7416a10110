"""The times that are known of one party: its own, else those of the incident. Reads only."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q

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
    return _own(incident, [involvement] if involvement else [])[
        involvement.pk if involvement else None
    ]


def current(incident: Incident, involvement: Involvement | None) -> dict[str, Known]:
    """All that is known of one party. A partner's own time goes before that of the incident."""
    return _known(incident, own(incident, involvement))


def of_all(
    incident: Incident, involved: Collection[Involvement]
) -> dict[int | None, dict[str, Known]]:
    """The same of us (None) and of each of these, by the id of its involvement. One query."""
    found = _own(incident, involved)
    return {pk: _known(incident, of) for pk, of in found.items()}


def _own(
    incident: Incident, involved: Collection[Involvement]
) -> dict[int | None, dict[str, Known]]:
    found: dict[int | None, dict[str, Known]] = {None: {}} | {one.pk: {} for one in involved}
    ours = Q(incident=incident, involvement=None)
    rows = Anchor.objects.filter(ours | Q(involvement__in=involved)).order_by("id")
    for row in rows:
        found[row.involvement_id][row.name] = Known(row.value, row.day, row.actor, row.at)
    return found


def _known(incident: Incident, of: Mapping[str, Known]) -> dict[str, Known]:
    found = {name: Known(getattr(incident, name)) for name, _ in MOMENTS}
    found |= {name: one for name, one in of.items() if one.is_known}
    return {name: one for name, one in found.items() if one.is_known}


def times(of: Mapping[str, Known]) -> dict[str, datetime]:
    """Those that are times; a bare day is none."""
    return {name: one.value for name, one in of.items() if one.value is not None}
