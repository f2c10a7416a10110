"""All charts by name, in the order in which they are read, and the whole as a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from incidentdesk.kernel import sheets
from incidentdesk.kernel.access import Actor
from reviews.trends import after, counts, noise, promises, times
from reviews.trends.asked import Asked
from reviews.trends.figures import Chart, Unit

Made = Callable[[Asked, Actor, datetime], Chart]


def _time(key: str) -> Made:
    return lambda asked, actor, at: times.chart(key, asked, actor, times.limits(), at=at)


def _plain(made: Callable[[Asked, Actor], Chart]) -> Made:
    return lambda asked, actor, at: made(asked, actor)


CHARTS: dict[str, Made] = {
    **{key: _time(key) for key in times.MEASURES},
    "weeks": _plain(counts.weeks),
    "categories": _plain(counts.categories),
    "severities": _plain(counts.severities),
    "sources": _plain(counts.sources),
    "systems": _plain(counts.systems),
    "partners": _plain(counts.partners),
    "repeats": _plain(after.repeats),
    "actions": after.actions,
    "punctuality": promises.punctual,
    "cooperation": promises.cooperative,
    "promptness": _plain(promises.prompt),
    "alerts": _plain(noise.alerts),
    "false_by_source": _plain(noise.false_by_source),
    "false_by_rule": _plain(noise.false_by_rule),
    "anomalies": _plain(noise.anomalies),
}


@dataclass(frozen=True)
class Section:
    """Charts that are looked at together."""

    key: str
    title: str
    charts: tuple[str, ...]


SECTIONS = (
    Section("times", "How fast we were", tuple(times.MEASURES)),
    Section(
        "counts",
        "How many incidents",
        ("weeks", "severities", "categories", "sources", "systems", "partners"),
    ),
    Section("after", "What came back, and what was done", ("repeats", "actions")),
    Section("promises", "With partners", ("punctuality", "cooperation", "promptness")),
    Section(
        "noise", "What found them", ("alerts", "false_by_source", "false_by_rule", "anomalies")
    ),
)


def chart(key: str, asked: Asked, actor: Actor, *, at: datetime) -> Chart:
    """One chart; one query, and one for the targets if it is held against them."""
    return CHARTS[key](asked, actor, at)


def every(asked: Asked, actor: Actor, *, at: datetime) -> dict[str, Chart]:
    """All of them: one query each, and one for all targets."""
    known = times.limits()
    found = {key: times.chart(key, asked, actor, known, at=at) for key in times.MEASURES}
    others = (key for key in CHARTS if key not in found)
    return found | {key: CHARTS[key](asked, actor, at) for key in others}


def sheet(charts: Iterable[Chart], asked: Asked) -> bytes:
    """Every figure on a line of its own: chart, row, figure, unit, value. Times are seconds."""
    columns = ("from", "to", "chart", "row", "figure", "unit", "value")
    period = {"from": asked.first.isoformat(), "to": asked.last.isoformat()}
    lines = (
        {
            **period,
            "chart": made.key,
            "row": row.label,
            "figure": column.key,
            "unit": column.unit.value,
            "value": _written(row.values.get(column.key), column.unit),
        }
        for made in charts
        for row in made.rows
        for column in made.columns
    )
    return sheets.write(columns, lines)


def _written(value: int | float | str | None, unit: Unit) -> str:
    """As a spreadsheet reads it; what is not known is empty, and no nought."""
    if value is None:
        return ""
    return f"{value:.0f}" if unit == Unit.SECONDS and isinstance(value, float) else str(value)
