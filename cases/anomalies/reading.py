"""What a page of a series reads: its figures in so many columns, however many there are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet, Subquery

from cases.models import Anomaly, Observation, Series
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor, Permission

COLUMNS = 240

# Whole columns of time from `since`; the band is what the figures in it were held against.
_COLUMNS = """
    SELECT floor(extract(epoch FROM at - %s) / %s)::int AS place, min(value), max(value),
        avg(value), avg(expected), avg(low), avg(high), count(*)
    FROM cases_observation WHERE series_id = %s AND at >= %s AND at < %s
    GROUP BY place ORDER BY place
"""


@dataclass(frozen=True)
class Column:
    """The figures of a stretch of time: the least, the most, their mean, and what was expected."""

    place: int  # counted from the left
    least: float
    most: float
    mean: float
    expected: float | None
    low: float | None
    high: float | None
    number: int


def visible_to(actor: Actor) -> QuerySet[Series]:
    """The series that this person may read: all, for whoever reads incidents."""
    found = Series.objects.all()
    return found if access.allows(actor, Permission.INCIDENT_READ) else found.none()


def with_standing(rows: QuerySet[Series]) -> QuerySet[Series]:
    """Each with its last figure and the anomaly that is open, in the same query."""
    newest = Observation.objects.filter(series=OuterRef("pk")).order_by("-at")
    unended = Anomaly.objects.filter(series=OuterRef("pk"), ended_at=None)
    return rows.annotate(
        last_value=Subquery(newest.values("value")[:1]),
        last_at=Subquery(newest.values("at")[:1]),
        open_kind=Subquery(unended.exclude(kind="drift").values("kind")[:1]),
        is_drifting=Exists(unended.filter(kind="drift")),
    )


def open_now(actor: Actor) -> QuerySet[Anomaly]:
    """The anomalies that are open, without notes of drift."""
    unended = Anomaly.objects.filter(ended_at=None).exclude(kind=Anomaly.Kind.DRIFT)
    return unended.filter(series__in=visible_to(actor))


def columns(series: Series, *, since: datetime, until: datetime) -> list[Column]:
    """The figures between, at most `COLUMNS` of them, from the left. One query."""
    width = (until - since).total_seconds() / COLUMNS
    with connection.cursor() as cursor:
        cursor.execute(_COLUMNS, [since, width, series.pk, since, until])
        return [Column(*row) for row in cursor.fetchall()]
