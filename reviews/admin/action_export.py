"""The register of preventive actions as a file for a spreadsheet, row by row."""

from __future__ import annotations

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


def lines(rows: Any) -> Iterator[str]:
    """The file, line by line."""
    return sheets.lines(HEADINGS, map(_cells, keyset.walk(rows)))


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
