"""Trends: the charts of the desk's page as figures, each by name. Times are seconds."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import BaseModel, Field

from incidentdesk.api import lists, sight
from incidentdesk.api.door import REFUSALS
from incidentdesk.kernel import access, clocks
from incidentdesk.kernel.access import Actor, Permission
from reviews.trends import reading
from reviews.trends.asked import NAMES, PERIODS, Asked, read
from reviews.trends.figures import Chart

router = Router(tags=["reviews"])
Name: Any = Literal[tuple(reading.CHARTS)]
_READ = {code: REFUSALS[code] for code in (401, 403, 404, 422, 429)}


class TrendColumn(BaseModel):
    """One figure of each row: `count`, `seconds`, `ratio` or `words`."""

    key: str
    label: str
    unit: str


class TrendRow(BaseModel):
    """What is known of one severity, week, partner …; null is not known, and no nought."""

    label: str
    values: dict[str, int | float | str | None]


class Trend(BaseModel):
    """A chart: what is seen in words, of how many it was computed, and its rows."""

    key: str
    subject: str
    title: str
    of: str
    columns: list[TrendColumn]
    rows: list[TrendRow]


class Trends(BaseModel):
    """The charts of one period."""

    first: date
    last: date
    items: list[Trend]


class Narrowing(BaseModel):
    """The period and what narrows it; `since` and `until` are days, both of them in it."""

    period: Literal[tuple(PERIODS)] | None = None  # type: ignore[valid-type]
    since: date | None = None
    until: date | None = None
    severity: int | None = Field(None, ge=1, le=4)
    category: str | None = Field(None, max_length=100)
    partner: str | None = Field(None, max_length=100)
    system: str | None = Field(None, max_length=100)


@router.get("/trends", response={200: Trends, **_READ}, operation_id="get_trends")
def every(request: HttpRequest, given: Narrowing = Query(...)) -> dict[str, Any]:  # type: ignore[type-arg]  # noqa: B008 -- how ninja is told
    """All charts of a period, by default the last 90 days."""
    by, wanted = _asked(request, "trends")
    charts = reading.every(wanted, by, at=clocks.now()).values()
    return _answer(wanted, list(charts))


@router.get("/trends/{chart}", response={200: Trends, **_READ}, operation_id="get_trend")
def one(request: HttpRequest, chart: Name, given: Narrowing = Query(...)) -> dict[str, Any]:  # type: ignore[type-arg]  # noqa: B008
    """One chart by its name."""
    by, wanted = _asked(request, f"trends/{chart}")
    return _answer(wanted, [reading.chart(chart, wanted, by, at=clocks.now())])


def _asked(request: HttpRequest, about: str) -> tuple[Actor, Asked]:
    """Who asks, and for what; an auditor's reading is recorded."""
    by: Actor = request.auth  # type: ignore[attr-defined]
    lists.require_known(request, NAMES, paged=False)
    access.require(by, Permission.INCIDENT_READ)
    wanted = read(request.GET.dict(), at=clocks.now())
    sight.note_reading(by, about, filters=dict(request.GET))
    return by, wanted


def _answer(wanted: Asked, charts: list[Chart]) -> dict[str, Any]:
    return {"first": wanted.first, "last": wanted.last, "items": [_shown(c) for c in charts]}


def _shown(chart: Chart) -> dict[str, Any]:
    columns = [{"key": c.key, "label": c.label, "unit": c.unit.value} for c in chart.columns]
    rows = [
        {"label": row.label, "values": {c.key: row.values.get(c.key) for c in chart.columns}}
        for row in chart.rows
    ]
    return {
        "key": chart.key,
        "subject": chart.subject,
        "title": chart.title,
        "of": chart.of,
        "columns": columns,
        "rows": rows,
    }
