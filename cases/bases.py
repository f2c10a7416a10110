"""What the value of an axis rests on: an alert, a piece of evidence, a partner's report, or words.

One row an incident and axis. It counts only while its value is the one that the axis has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from cases import queries
from cases.models import Basis, Incident
from cases.models.severity import AXES
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.errors import InvalidInput
from incidentdesk.kernel.prepared import Inserted

LABELS = dict(AXES)
_BASES = Inserted(Basis)


@dataclass(frozen=True)
class Support:
    """What somebody points at: one alert, piece of evidence or report of the incident, or words."""

    words: str = ""
    alert_id: int | None = None
    evidence_id: int | None = None
    report_id: int | None = None

    @property
    def is_nothing(self) -> bool:
        """Neither words nor anything to look at."""
        return not self.words.strip() and not (self.alert_id or self.evidence_id or self.report_id)


def require_fit(incident: Incident, supports: Mapping[str, Support], *, by: Actor) -> None:
    """Refuse what supports nothing, or points at what `by` does not see in this incident."""
    for axis, support in supports.items():
        if axis not in LABELS:
            raise InvalidInput("An evaluation has impact, scope and urgency, and no other axis.")
        if support.is_nothing:
            raise InvalidInput(f"Say what supports the {axis}: in words, or by what shows it.")
        if getattr(incident, axis) is None:
            raise InvalidInput(
                f"{LABELS[axis]} is not answered; choose a value, or leave out what supports it."
            )
    ids = {
        name: {found for support in supports.values() if (found := getattr(support, name))}
        for name in ("alert_id", "evidence_id", "report_id")
    }
    for name, rows in (
        ("alert_id", incident.alerts),
        ("evidence_id", queries.evidence_visible_to(by).filter(incident=incident)),
        ("report_id", incident.reports),
    ):
        if ids[name] and rows.filter(pk__in=ids[name]).count() != len(ids[name]):
            raise InvalidInput(
                "What supports a value has to belong to this incident; look at the page again."
            )


def put(
    incident: Incident, supports: Mapping[str, Support], *, by: Actor, at: datetime
) -> list[Basis]:
    """Write what supports the values that the axes have now; what stood there gives way."""
    rows = _rows(incident, supports, by=by, at=at)
    if not rows:
        return []
    return Basis.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["incident", "axis"],
        update_fields=[
            "value",
            "words",
            "alert",
            "evidence",
            "report",
            "set_at",
            "set_by",
        ],
    )


def begin(incident: Incident, supports: Mapping[str, Support], *, by: Actor, at: datetime) -> None:
    """Write what supports the values with which an incident opens; it has nothing yet."""
    _BASES.add(*_rows(incident, supports, by=by, at=at))


def _rows(
    incident: Incident, supports: Mapping[str, Support], *, by: Actor, at: datetime
) -> list[Basis]:
    return [
        Basis(
            incident=incident,
            axis=axis,
            value=getattr(incident, axis),
            words=support.words.strip()[:300],
            alert_id=support.alert_id,
            evidence_id=support.evidence_id,
            report_id=support.report_id,
            set_at=at,
            set_by_id=by.user_id,
        )
        for axis, support in supports.items()
        if getattr(incident, axis) is not None
    ]


def standing(incident: Incident) -> dict[str, Basis]:
    """Axis → what supports the value that it has now, as far as something does."""
    found = incident.bases.all()
    return {row.axis: row for row in found if row.value == getattr(incident, row.axis)}
