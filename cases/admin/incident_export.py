"""The list of incidents as a file for a spreadsheet, row by row, however many there are."""

from __future__ import annotations

import csv
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


class _Line:
    """A file that answers what is written to it."""

    def write(self, text: str) -> str:
        """The line itself."""
        return text


def lines(incidents: Any) -> Iterator[str]:
    """The file, line by line; with the mark that tells spreadsheets that it is UTF-8."""
    writer: Any = csv.writer(_Line())
    yield "\ufeff" + writer.writerow(HEADINGS)
    rows = incidents.select_related("category", "commander").only(*COLUMNS, "category__name")
    for incident in keyset.walk(rows):
        yield writer.writerow([sheets.escaped(cell) for cell in _cells(incident)])


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
