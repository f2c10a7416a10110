"""The list of incidents as a file for a spreadsheet, row by row, however many there are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from cases.admin.incident_list import COLUMNS
from cases.models.deadline import LABELS
from incidentdesk.kernel import keyset, sheets

HEADINGS = (
    "reference",
    "title",
    "severity",
    "phase",
    "category",
    "commander",
    "opened at (UTC)",
    "over at (UTC)",
    "next deadline",
    "due at (UTC)",
)


def lines(incidents: Any) -> Iterator[str]:
    """The file, line by line."""
    rows = incidents.select_related("category", "commander").only(*COLUMNS, "category__name")
    return sheets.lines(HEADINGS, map(_cells, keyset.walk(rows)))


def _cells(incident: Any) -> tuple[str, ...]:
    return (
        incident.reference,
        incident.title,
        f"SEV-{incident.severity}",
        incident.get_phase_display(),
        str(incident.category or ""),
        str(incident.commander or ""),
        _moment(incident.opened_at),
        _moment(incident.over_at),
        LABELS.get(incident.next_due_kind, ""),
        _moment(incident.next_due_at),
    )


def _moment(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else ""
