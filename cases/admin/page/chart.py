"""A series as a drawing: figures, the band that was expected, and where an anomaly was.

Only shapes are made here, in the units of the drawing; the template puts them in and adds the same
figures as a table.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, pairwise
from typing import Any

from django.utils import timezone

from cases.anomalies.reading import COLUMNS, Column
from cases.models import Anomaly

WIDTH, HEIGHT = 720, 240
LEFT, RIGHT, TOP, BOTTOM = 58, 8, 10, 24
TICKS = 5
ROWS = 24  # of the table


@dataclass(frozen=True)
class Frame:
    """Where a moment and a value lie in the drawing."""

    since: datetime
    until: datetime
    low: float
    high: float

    def x(self, at: datetime) -> float:
        """From the left; what lies outside is put at the edge."""
        share = (at - self.since) / (self.until - self.since)
        return round(LEFT + min(max(share, 0.0), 1.0) * (WIDTH - LEFT - RIGHT), 1)

    def y(self, value: float) -> float:
        """From the top; what lies outside is put at the edge."""
        share = (value - self.low) / (self.high - self.low)
        return round(HEIGHT - BOTTOM - min(max(share, 0.0), 1.0) * (HEIGHT - TOP - BOTTOM), 1)

    def at(self, place: float) -> datetime:
        """The moment of a column."""
        return self.since + (self.until - self.since) * (place / COLUMNS)


def drawing(
    columns: Sequence[Column], anomalies: Iterable[Anomaly], *, since: datetime, until: datetime
) -> dict[str, Any]:
    """Everything that the template draws; nothing to draw is an empty dictionary."""
    if not columns:
        return {}
    frame = _frame(columns, since, until)
    shown = [one for one in anomalies if (one.ended_at or until) >= since and one.began_at <= until]
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "band": [_band(frame, part) for part in _parts(columns) if len(part) > 1],
        "expected": " ".join(_expected(frame, columns)),
        "line": " ".join(_line(frame, columns)),
        "marks": [_mark(frame, one) for one in shown if not one.is_note],
        "ys": [{"y": frame.y(value), "words": f"{value:.4g}"} for value in _ticks(frame)],
        "xs": list(_moments(frame)),
        "left": LEFT,
        "foot": HEIGHT - BOTTOM,
        "top": TOP,
        "right": WIDTH - RIGHT,
        "rows": list(_rows(frame, columns)),
        "anomalies": len(shown),
        "number": sum(one.number for one in columns),
        "least": min(one.least for one in columns),
        "most": max(one.most for one in columns),
    }


def _frame(columns: Sequence[Column], since: datetime, until: datetime) -> Frame:
    """All figures, and as much of the band as leaves them readable."""
    low, high = min(one.least for one in columns), max(one.most for one in columns)
    span = (high - low) or abs(high) or 1.0
    lows = [one.low for one in columns if one.low is not None]
    highs = [one.high for one in columns if one.high is not None]
    low = max(min([low, *lows]), low - span / 2)
    high = min(max([high, *highs]), high + span / 2)
    step = _step((high - low) or abs(high) or 1.0)
    low, high = math.floor(low / step) * step, math.ceil(high / step) * step
    return Frame(since, until, low, high if high > low else low + step)


def _parts(columns: Sequence[Column]) -> Iterator[list[Column]]:
    """Stretches in which the band is known."""
    for known, part in groupby(columns, key=lambda one: one.low is not None):
        if known:
            yield list(part)


def _band(frame: Frame, part: Sequence[Column]) -> str:
    over = [f"{frame.x(frame.at(one.place + 0.5))},{frame.y(one.high or 0.0)}" for one in part]
    under = [f"{frame.x(frame.at(one.place + 0.5))},{frame.y(one.low or 0.0)}" for one in part]
    return " ".join([*over, *reversed(under)])


def _expected(frame: Frame, columns: Sequence[Column]) -> Iterator[str]:
    before = None
    for one in columns:
        if one.expected is not None:
            letter = "L" if before == one.place - 1 else "M"
            yield f"{letter}{frame.x(frame.at(one.place + 0.5))} {frame.y(one.expected)}"
            before = one.place


def _line(frame: Frame, columns: Sequence[Column]) -> Iterator[str]:
    """From mean to mean, and in each column from the least to the most, so that no spike is lost.
    Where figures are missing for longer than they usually are apart, the line is broken."""
    gaps = sorted(b.place - a.place for a, b in pairwise(columns))
    longest = 3 * gaps[len(gaps) // 2] if gaps else 1
    before: int | None = None
    for one in columns:
        x = frame.x(frame.at(one.place + 0.5))
        letter = "L" if before is not None and one.place - before <= longest else "M"
        yield f"{letter}{x} {frame.y(one.mean)}"
        if one.most > one.least:
            yield f"M{x} {frame.y(one.least)} L{x} {frame.y(one.most)} M{x} {frame.y(one.mean)}"
        elif letter == "M":
            yield "h0.1"
        before = one.place


def _mark(frame: Frame, one: Anomaly) -> dict[str, Any]:
    left = frame.x(one.began_at)
    right = frame.x(one.ended_at or frame.until)
    return {
        "x": left,
        "width": max(round(right - left, 1), 2),
        "y": None if one.value is None or one.kind == Anomaly.Kind.COUNT else frame.y(one.value),
        "words": str(one),
    }


def _ticks(frame: Frame) -> list[float]:
    step = _step(frame.high - frame.low)
    return [frame.low + n * step for n in range(round((frame.high - frame.low) / step) + 1)]


def _step(span: float) -> float:
    """Between two lines: 1, 2 or 5 of the unit that makes about so many of them."""
    unit = math.pow(10.0, math.floor(math.log10(span / TICKS)))
    return next(n * unit for n in (1, 2, 5, 10) if span / (n * unit) <= TICKS)


def _moments(frame: Frame) -> Iterator[dict[str, Any]]:
    is_long = (frame.until - frame.since).days >= 2
    for n in range(TICKS):
        at = timezone.localtime(frame.at(COLUMNS * n / (TICKS - 1)))
        anchor = "start" if n == 0 else "end" if n == TICKS - 1 else "middle"
        words = f"{at:%-d %b}" if is_long else f"{at:%H:%M}"
        yield {"x": frame.x(frame.at(COLUMNS * n / (TICKS - 1))), "words": words, "anchor": anchor}


def _rows(frame: Frame, columns: Sequence[Column]) -> Iterator[dict[str, Any]]:
    """The table: so many stretches of time that have figures."""
    each = COLUMNS // ROWS
    for place, part in groupby(columns, key=lambda one: one.place // each):
        those = list(part)
        number = sum(one.number for one in those)
        expected = [one.expected for one in those if one.expected is not None]
        yield {
            "at": frame.at(place * each),
            "least": min(one.least for one in those),
            "mean": sum(one.mean * one.number for one in those) / number,
            "most": max(one.most for one in those),
            "expected": sum(expected) / len(expected) if expected else None,
            "number": number,
        }
