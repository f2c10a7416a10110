"""How well it went: medians of 90 days, incidents a week.

Figures for the people at the desk; what must be proved to somebody is in the timelines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import (
    Aggregate,
    Case,
    Count,
    DurationField,
    ExpressionWrapper,
    F,
    Min,
    Q,
    When,
)
from django.db.models.functions import TruncWeek

from cases import queries
from cases.models import Category, Phase
from incidentdesk.kernel import clocks
from incidentdesk.kernel.access import Actor

DAYS = 90
WEEKS = 13
COLOURS = 7

# What is measured: its name, from which moment, to which moment.
TOLD = ("tell partners", "detected_at", "told_at")
MEASURES = (
    ("acknowledge", "detected_at", "first_acknowledged_at"),
    ("contain", "detected_at", "contained_at"),
    TOLD,
    ("recover", "detected_at", "recovered_at"),
    ("finish the review", "recovered_at", "closed_at"),
)


class Median(Aggregate):
    """PostgreSQL's continuous median."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = DurationField()


@dataclass(frozen=True)
class Measure:
    """One line: the medians of these 90 days and of the 90 before, and how many each rests on."""

    name: str
    now: str
    now_count: int
    before: str
    before_count: int


def medians(by: Actor, *, at: datetime) -> list[Measure]:
    """Two queries over the incidents opened in 180 days; what was dismissed does not count."""
    counted = (
        queries.counted_for(by)
        .exclude(phase=Phase.DISMISSED)
        .filter(opened_at__gte=at - timedelta(days=2 * DAYS), opened_at__lte=at)
        .order_by()
    )
    told = counted.filter(involvements__copies__sent_at__isnull=False).annotate(
        told_at=Min("involvements__copies__sent_at")
    )
    closed = counted.annotate(closed_at=Case(When(phase=Phase.CLOSED, then="over_at")))
    found = {
        **closed.aggregate(**_wanted((m for m in MEASURES if m != TOLD), at=at)),
        **told.aggregate(**_wanted([TOLD], at=at)),
    }
    return [
        Measure(
            name=name,
            now=_span(found[f"{end}_now"]),
            now_count=found[f"{end}_now_count"],
            before=_span(found[f"{end}_before"]),
            before_count=found[f"{end}_before_count"],
        )
        for name, _, end in MEASURES
    ]


def _wanted(measures: Iterable[tuple[str, str, str]], *, at: datetime) -> dict[str, Any]:
    """Median and number of each measure, in both windows."""
    split = at - timedelta(days=DAYS)
    windows = {"now": Q(opened_at__gte=split), "before": Q(opened_at__lt=split)}
    wanted: dict[str, Any] = {}
    for _, begin, end in measures:
        span = ExpressionWrapper(F(end) - F(begin), output_field=DurationField())
        for name, window in windows.items():
            known = window & Q(**{f"{end}__isnull": False, f"{begin}__isnull": False})
            wanted[f"{end}_{name}"] = Median(span, filter=known)
            wanted[f"{end}_{name}_count"] = Count("pk", filter=known)
    return wanted


def _span(span: timedelta | None) -> str:
    return "—" if span is None else clocks.words(span)


@dataclass(frozen=True)
class Kind:
    """A category as the drawing shows it; colour 0 is for what has none."""

    pk: int | None
    name: str
    colour: int


@dataclass(frozen=True)
class Bar:
    """One category in one week, placed on the drawing."""

    kind: Kind
    count: int
    y: float
    height: float


@dataclass(frozen=True)
class Week:
    """One week: its Monday, its bars from below, and how many in all."""

    begins: datetime
    x: float
    bars: list[Bar]
    counts: list[int]  # by kind, in the order of the legend
    total: int


@dataclass(frozen=True)
class Weeks:
    """The drawing, its legend, and the same as a table."""

    weeks: list[Week]
    kinds: list[Kind]
    top: int
    total: int


WIDTH, HEIGHT, BAR = 300.0, 84.0, 15.0


def weeks(by: Actor, *, at: datetime) -> Weeks:
    """Thirteen weeks, this one last; by category in the order of the register."""
    monday = (at - timedelta(days=at.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
    begins = [monday - timedelta(weeks=back) for back in range(WEEKS - 1, -1, -1)]
    rows = (
        queries.counted_for(by)
        .exclude(phase=Phase.DISMISSED)
        .filter(opened_at__gte=begins[0], opened_at__lte=at)
        .order_by()
        .annotate(week=TruncWeek("opened_at"))
        .values_list("week", "category")
        .annotate(count=Count("pk"))
    )
    counts: Counter[tuple[datetime, int | None]] = Counter()
    for week, category_id, count in rows:
        counts[week, category_id] += count
    return _drawn(begins, counts)


def _drawn(begins: list[datetime], counts: Counter[tuple[datetime, int | None]]) -> Weeks:
    kinds = _kinds({category_id for _, category_id in counts})
    top = max([sum(counts[week, kind.pk] for kind in kinds) for week in begins], default=0)
    step = WIDTH / WEEKS
    drawn = []
    for position, week in enumerate(begins):
        in_order = [counts[week, kind.pk] for kind in kinds]
        bars = _stack(kinds, in_order, top)
        drawn.append(
            Week(week, round(position * step + (step - BAR) / 2, 1), bars, in_order, sum(in_order))
        )
    return Weeks(drawn, kinds, top, sum(week.total for week in drawn))


def _kinds(used: set[int | None]) -> list[Kind]:
    """The categories that occur, each with the colour of its place in the register."""
    register = enumerate(Category.objects.values_list("pk", "name"))
    kinds = [Kind(pk, name, place % COLOURS + 1) for place, (pk, name) in register if pk in used]
    return kinds + [Kind(None, "no category yet", 0)] * (None in used)


def _stack(kinds: list[Kind], counts: list[int], top: int) -> list[Bar]:
    bars, filled = [], 0
    for kind, count in zip(kinds, counts, strict=True):
        if count:
            filled += count
            y, height = HEIGHT * (1 - filled / top), HEIGHT * count / top
            bars.append(Bar(kind, count, round(y, 1), round(height, 1)))
    return bars
