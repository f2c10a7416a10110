"""The few figures that stand above all charts; they are made of the charts themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reviews.trends import figures
from reviews.trends.figures import Chart


@dataclass(frozen=True)
class Tile:
    """One figure, of how many it is, and what it was before."""

    label: str
    figure: str
    said: str


IN_TIME = (
    ("acknowledge", "Acknowledged in time"),
    ("contain", "Contained in time"),
    ("tell", "Partners told in time"),
    ("recover", "Recovered in time"),
)


def tiles(charts: Mapping[str, Chart]) -> list[Tile]:
    """No query: all of it stands in the charts."""
    return [
        _incidents(charts["severities"]),
        *(_in_time(label, charts[key]) for key, label in IN_TIME),
        _actions(charts["actions"]),
    ]


def _sum(chart: Chart, key: str) -> int:
    return sum(row.count(key) for row in chart.rows)


def _incidents(chart: Chart) -> Tile:
    was = _sum(chart, "before")
    return Tile("Incidents", f"{_sum(chart, 'now'):,}", f"was {was:,}")


def _in_time(label: str, chart: Chart) -> Tile:
    kept, judged = _sum(chart, "in_time"), _sum(chart, "judged")
    former, of = _sum(chart, "in_time_before"), _sum(chart, "judged_before")
    was = f"; was {figures.percent(former, of)}" if of else ""
    return Tile(label, figures.percent(kept, judged), f"{kept:,} of {judged:,}{was}")


def _actions(chart: Chart) -> Tile:
    kept = _sum(chart, "in_time")
    judged = kept + _sum(chart, "late") + _sum(chart, "overdue")
    return Tile(
        "Actions verified in time", figures.percent(kept, judged), f"{kept:,} of {judged:,}"
    )
