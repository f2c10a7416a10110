"""What every chart is made of, whoever shows it: a page, the API or a file. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from incidentdesk.kernel import clocks

Value = int | float | str | None
NONE = "—"


class Unit(StrEnum):
    """What a figure is counted in."""

    COUNT = "count"
    SECONDS = "seconds"
    RATIO = "ratio"
    WORDS = "words"


class Shape(StrEnum):
    """How a chart is drawn."""

    BARS = "bars"
    COLUMNS = "columns"
    SPANS = "spans"
    PARTS = "parts"


@dataclass(frozen=True)
class Column:
    """One figure of each row."""

    key: str
    label: str
    unit: Unit = Unit.COUNT


@dataclass(frozen=True)
class Row:
    """What is known of one severity, partner, week …; `url` leads to the incidents behind it."""

    label: str
    values: Mapping[str, Value]
    url: str = ""

    def number(self, key: str) -> float:
        """A figure as a number; what is not known is 0."""
        value = self.values.get(key)
        return float(value) if isinstance(value, int | float) else 0.0

    def count(self, key: str) -> int:
        """The same as a whole number."""
        return int(self.number(key))


@dataclass(frozen=True)
class Chart:
    """One chart: a title that says what is seen, its rows, and of how many it was computed."""

    key: str
    shape: Shape
    subject: str  # what it is about, in a word or two
    title: str  # what is seen, in words
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    of: str = ""  # of how many, and what is missing
    empty: str = ""  # what to say, and do, where there is nothing
    drawn: tuple[str, ...] = ()  # the columns that are drawn, in order
    most: int = 0  # so many rows are drawn; 0 is all

    @property
    def is_empty(self) -> bool:
        """Nothing to draw."""
        return not any(row.number(key) for row in self.rows for key in self.drawn)


def shown(value: Value, unit: Unit) -> str:
    """A figure as a person reads it."""
    if value is None:
        return NONE
    if isinstance(value, str):
        return value
    if unit == Unit.SECONDS:
        return span(value)
    return f"{value:.1f}" if unit == Unit.RATIO else f"{value:,.0f}"


def span(seconds: float) -> str:
    """A time as a person says it."""
    sign = "−" if seconds < 0 else ""
    return sign + clocks.words(timedelta(seconds=seconds))


def number(count: int, noun: str) -> str:
    """`1 incident`, `2 incidents`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def percent(part: int, whole: int) -> str:
    """A share in words; of nothing there is none."""
    return f"{round(100 * part / whole)} %" if whole else NONE


def listed(parts: Iterable[tuple[int, str]]) -> str:
    """`18 recorded · 2 pending`: what is not there is not said."""
    return " · ".join(f"{count:,} {words}" for count, words in parts if count)
