"""Rows that fall due by a column: claimed by one worker, the oldest first, what another holds left
to it."""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar

from django.db.models import Model, QuerySet

Row = TypeVar("Row", bound=Model)
LIMIT = 200


def due(rows: QuerySet[Row], *, column: str = "remind_at", at: datetime) -> list[Row]:
    """The rows whose `column` has come, LIMIT at most, locked until the transaction ends."""
    ready = rows.filter(**{f"{column}__lte": at}).order_by(column, "pk")
    return list(ready.select_for_update(of=("self",), no_key=True, skip_locked=True)[:LIMIT])
