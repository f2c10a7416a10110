"""The register of preventive actions as a file for a spreadsheet, row by row."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from incidentdesk.kernel import keyset, sheets
from reviews.models import PreventiveAction

HEADINGS = (
    "number",
    "action",
    "incident",
    "kind",
    "priority",
    "owner",
    "due",
    "state",
    "control",
    "done at (UTC)",
    "verified at (UTC)",
    "verified by",
    "in the tracker",
)


class _Line:
    """A file that answers what is written to it."""

    def write(self, text: str) -> str:
        """The line itself."""
        return text


def lines(rows: Any) -> Iterator[str]:
    """The file, line by line; with the mark that tells spreadsheets that it is UTF-8."""
    writer: Any = csv.writer(_Line())
    yield "\ufeff" + writer.writerow(HEADINGS)
    for action in keyset.walk(rows):
        yield writer.writerow([sheets.escaped(cell) for cell in _cells(action)])


def _cells(action: PreventiveAction) -> tuple[str, ...]:
    return (
        str(action.pk),
        action.title,
        action.review.incident.reference,
        action.kind,
        action.get_priority_display(),
        str(action.owner),
        action.due_on.isoformat(),
        action.get_state_display(),
        action.control.number if action.control else "",
        _moment(action.ended_at),
        _moment(action.verified_at),
        str(action.verified_by or ""),
        action.external_reference,
    )


def _moment(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else ""
