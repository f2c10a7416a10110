"""Charts as shapes, in per cent of the room that they are given. Pure; templates put them in.

A bar is a small drawing beside its words, so that it can be as wide as the page is and no word in
it ever becomes small. Every chart is a table as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from reviews.trends import figures, times
from reviews.trends.figures import Chart, Row, Shape

WIDE = 100.0
TARGET_AT = 50.0  # where the target lies, so that those of all severities stand below each other
HEIGHT, GAP = 100.0, 0.24


@dataclass(frozen=True)
class Part:
    """A rectangle: its class, and where it lies."""

    name: str
    x: float
    width: float
    y: float = 0.0
    height: float = HEIGHT


@dataclass(frozen=True)
class Line:
    """A row as it is drawn: its words, its figure, what else is said, and its rectangles."""

    label: str
    figure: str
    said: str = ""
    parts: Sequence[Part] = ()
    url: str = ""
    tone: str = ""


@dataclass(frozen=True)
class Drawing:
    """A chart as its template wants it."""

    chart: Chart
    lines: Sequence[Line]
    keys: Sequence[tuple[str, str]] = field(default_factory=list)  # class and words of the legend

    @property
    def heads(self) -> list[str]:
        """The table's columns."""
        return [column.label for column in self.chart.columns]

    @property
    def cells(self) -> list[tuple[Row, list[str]]]:
        """The table's rows, as a person reads them."""
        columns = self.chart.columns
        return [
            (row, [figures.shown(row.values.get(c.key), c.unit) for c in columns])
            for row in self.chart.rows
        ]

    @property
    def ends(self) -> list[str]:
        """What stands below columns: the first, the middle one and the last."""
        labels = [row.label for row in self.chart.rows]
        places = sorted({0, len(labels) // 2, len(labels) - 1}) if labels else []
        return [labels[place] for place in places]


def draw(chart: Chart) -> Drawing:
    """The chart with its shapes."""
    lines, keys = _DRAWN[chart.shape](chart)
    return Drawing(chart, lines, keys)


Drawn = tuple[list[Line], list[tuple[str, str]]]


def _share(part: float, whole: float) -> float:
    return round(WIDE * min(max(part / whole, 0.0), 1.0), 2) if whole else 0.0


# --- bars -----------------------------------------------------------------------------------------


def _bars(chart: Chart) -> Drawn:
    """One bar a row, and a mark for the period before."""
    key = chart.drawn[0]
    former = "median_before" if key == "median" else "before"
    rows = chart.rows[: chart.most or None]
    most = max((max(row.number(key), row.number(former)) for row in rows), default=0.0)
    unit = {column.key: column.unit for column in chart.columns}
    has_former = former in unit
    lines = [
        Line(
            row.label,
            figures.shown(row.values.get(key), unit[key]),
            _beside(chart, row, former if has_former else ""),
            list(_bar(row, key, former if has_former else "", most)),
            row.url,
        )
        for row in rows
    ]
    return lines, [("now", "this period"), ("was", "the period before")] if has_former else []


def _bar(row: Row, key: str, former: str, most: float) -> Iterator[Part]:
    yield Part("now", 0.0, _share(row.number(key), most))
    if former and row.values.get(former):
        yield Part("was", min(_share(row.number(former), most), WIDE - 0.8), 0.8)


def _beside(chart: Chart, row: Row, former: str) -> str:
    """What is said beside a bar."""
    if former == "before":
        return f"was {row.count('before'):,}"
    if former:
        before = row.values.get(former)
        was = f"; was {figures.span(float(before))}" if isinstance(before, int | float) else ""
        return f"median of {row.count('recorded'):,}{was}"
    if chart.key == "repeats":
        return f"of {row.count('incidents'):,}"
    return f"{row.count('alerts'):,} in {figures.number(row.count('incidents'), 'incident')}"


# --- columns --------------------------------------------------------------------------------------


def _columns(chart: Chart) -> Drawn:
    """One column a week, its parts from below: the gravest stands on the ground."""
    step = WIDE / max(len(chart.rows), 1)
    most = max((sum(row.count(key) for key in chart.drawn) for row in chart.rows), default=0)
    lines = []
    for place, row in enumerate(chart.rows):
        left, wide = round(step * (place + GAP / 2), 2), round(step * (1 - GAP), 2)
        parts, filled = [], 0.0
        for key in chart.drawn:
            high = _share(row.number(key), most)
            if high:
                filled += high
                parts.append(Part(key, left, wide, round(HEIGHT - filled, 2), high))
        lines.append(Line(row.label, str(row.count("now")), "", parts, row.url))
    labels = {column.key: column.label for column in chart.columns}
    return lines, [(key, labels[key]) for key in chart.drawn]


# --- spans ----------------------------------------------------------------------------------------


def _spans(chart: Chart) -> Drawn:
    """Median and 90th percentile, against a target that stands in one line for all rows."""
    lines = []
    for row in chart.rows:
        is_known = bool(row.count("recorded"))
        lines.append(
            Line(
                row.label,
                figures.span(row.number("median")) if is_known else figures.NONE,
                _said(row),
                list(_span(row)) if is_known else [],
                tone=_tone(row),
            )
        )
    return lines, [
        ("median", "median"),
        ("p90", "90 % within"),
        ("target", "target"),
        ("was", "median before"),
    ]


def _span(row: Row) -> Iterator[Part]:
    target = row.number("target_seconds")
    longest = max(row.number("p90"), row.number("median_before")) * 1.1
    whole = target * WIDE / TARGET_AT if target else longest
    median, most = _share(row.number("median"), whole), _share(row.number("p90"), whole)
    is_late = bool(target) and row.number("median") > target
    yield Part("median late" if is_late else "median", 0.0, max(median, 0.6), 25.0, 50.0)
    yield Part("p90", max(median, 0.6), max(most - median, 0.0), 40.0, 20.0)
    if row.count("recorded_before"):
        before = min(_share(row.number("median_before"), whole), WIDE - 0.8)
        yield Part("was", before, 0.8, 15.0, 70.0)
    if target:
        yield Part("target", TARGET_AT - 0.4, 0.8)


def _tone(row: Row) -> str:
    target = row.number("target_seconds")
    return "bad" if target and row.number("median") > target else ""


def _said(row: Row) -> str:
    """What a row says beside its bar. Late is also what was due and is not recorded."""
    parts = ["nothing recorded"]
    if row.count("recorded"):
        parts = [times.facts(row), f"90 % within {figures.span(row.number('p90'))}"]
    if row.count("judged"):
        parts.append(f"{row.count('in_time'):,} of {row.count('judged'):,} in time")
    return "; ".join(parts)


# --- parts ----------------------------------------------------------------------------------------


def _parts(chart: Chart) -> Drawn:
    """Each row whole, divided."""
    labels = {column.key: column.label for column in chart.columns}
    lines = []
    for row in chart.rows[: chart.most or None]:
        whole, left, parts = sum(row.number(key) for key in chart.drawn), 0.0, []
        for key in chart.drawn:
            wide = _share(row.number(key), whole)
            if wide:
                parts.append(Part(f"part-{key}", round(left, 2), wide))
                left += wide
        first = chart.drawn[0]
        figure = f"{row.count(first):,} of {whole:,.0f}" if whole else figures.NONE
        said = figures.listed(
            (row.count(c.key), c.label.lower()) for c in chart.columns if c.key != first
        )
        lines.append(Line(row.label, figure, said, parts, row.url))
    return lines, [(f"part-{key}", labels[key].lower()) for key in chart.drawn]


_DRAWN: dict[Shape, Any] = {
    Shape.BARS: _bars,
    Shape.COLUMNS: _columns,
    Shape.SPANS: _spans,
    Shape.PARTS: _parts,
}
