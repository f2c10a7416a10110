"""Percentiles in PostgreSQL, and queries over queries."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import (
    Aggregate,
    DurationField,
    ExpressionWrapper,
    F,
    FloatField,
    Func,
    QuerySet,
)


class Spread(Aggregate):
    """Median and 90th percentile, interpolated, of a number; null where there is none."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = ArrayField(FloatField())


class _Epoch(Func):
    """An interval as seconds; `EXTRACT` would answer a numeric, which sorts slowly."""

    template = "DATE_PART('epoch', %(expressions)s)"
    output_field = FloatField()


def seconds(begin: str, end: str) -> Func:
    """From one moment to the other."""
    return _Epoch(ExpressionWrapper(F(end) - F(begin), output_field=DurationField()))


def over(rows: QuerySet[Any], statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """What a statement of ours says over rows, which it reads as `{rows}`; of none, nothing."""
    try:
        sql, inner = rows.query.sql_with_params()
    except EmptyResultSet:
        return []
    with connection.cursor() as cursor:
        cursor.execute(statement.replace("{rows}", f"({sql})"), [*inner, *values])
        return list(cursor.fetchall())
