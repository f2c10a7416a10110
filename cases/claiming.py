"""Rows that fall due by a column: claimed by one worker, the oldest first, what another holds left
to it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from django.db.models import Model, QuerySet

from incidentdesk.kernel import clocks

Row = TypeVar("Row", bound=Model)
LIMIT = 200


def due(rows: QuerySet[Row], *, column: str = "remind_at", at: datetime) -> list[Row]:
    """The rows whose `column` has come, LIMIT at most, locked until the transaction ends."""
    ready = rows.filter(**{f"{column}__lte": at}).order_by(column, "pk")
    return list(ready.select_for_update(of=("self",), no_key=True, skip_locked=True)[:LIMIT])


def stages(
    rows: QuerySet[Row],
    span: Callable[[Row], tuple[datetime, datetime]],
    *,
    column: str = "remind_at",
    at: datetime,
) -> list[tuple[Row, clocks.Stage]]:
    """The rows that passed a stage of their `span`, each with that stage; their `column` has the
    next one. After a standstill only the last stage is told."""
    claimed = [(row, clocks.stages(*span(row), at)) for row in due(rows, column=column, at=at)]
    for row, stage in claimed:
        setattr(row, column, stage.next_at)
    rows.model._default_manager.bulk_update([row for row, _ in claimed], [column])
    return claimed
