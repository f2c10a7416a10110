"""How many incidents: by week or month, category, severity, source, system and partner.

An incident counts once in weeks, categories, severities and sources; with two systems or partners
it counts at both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from django.db.models import Case, Count, F, Q, QuerySet, Value, When
from django.db.models.functions import TruncMonth, TruncWeek

from cases.intake.opening import FROM_SOURCE
from cases.models import Incident
from incidentdesk.kernel.access import Actor
from reviews.trends import asked as period
from reviews.trends import figures
from reviews.trends.asked import NO_CATEGORY, Asked
from reviews.trends.figures import Chart, Column, Row, Shape

MOST = 8  # bars of one chart; the table has all
COLUMNS = (Column("now", "Incidents"), Column("before", "Before"))
BY_SEVERITY = tuple(Column(f"sev{n}", f"SEV-{n}") for n in (1, 2, 3, 4))
NOTHING = "No incident was opened in this period. Choose a longer one, or clear a filter."


# --- by week --------------------------------------------------------------------------------------


def weeks(asked: Asked, actor: Actor) -> Chart:
    """Weeks, or months of a long period, each by severity. One query."""
    trunc = TruncMonth if asked.is_by_month else TruncWeek
    rows = (
        period.counted(asked, actor)
        .filter(is_now=True)
        .annotate(begins=trunc("opened_at"))
        .values_list("begins", "severity")
        .annotate(number=Count("pk"))
    )
    counts: Counter[tuple[date, int]] = Counter()
    for begins, severity, number in rows:
        counts[begins.date(), severity] += number
    return _of_weeks(asked, counts)


def _of_weeks(asked: Asked, counts: Mapping[tuple[date, int], int]) -> Chart:
    begins = list(_begins(asked))
    found = tuple(_week(asked, begin, end, counts) for begin, end in begins)
    total = sum(row.count("now") for row in found)
    noun = "month" if asked.is_by_month else "week"
    most = max((row.count("now") for row in found), default=0)
    return Chart(
        key="weeks",
        shape=Shape.COLUMNS,
        subject=f"By {noun}",
        title=f"{figures.number(total, 'incident')} in {figures.number(len(found), noun)}"
        f", at most {most} in one",
        columns=(Column("now", "Incidents"), *BY_SEVERITY),
        rows=found,
        of=f"Of {figures.number(total, 'incident')}, each in the {noun} in which it was opened.",
        empty=NOTHING,
        drawn=("sev1", "sev2", "sev3", "sev4"),
    )


def _begins(asked: Asked) -> Iterable[tuple[date, date]]:
    """The first and last day of each week or month, as far as it lies in the period."""
    first = asked.first
    while first <= asked.last:
        if asked.is_by_month:
            after = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
        else:
            after = first + timedelta(days=7 - first.weekday())
        yield first, min(after - timedelta(days=1), asked.last)
        first = after


def _week(asked: Asked, first: date, last: date, counts: Mapping[tuple[date, int], int]) -> Row:
    starts = first.replace(day=1) if asked.is_by_month else first - timedelta(first.weekday())
    by_severity = {f"sev{n}": counts.get((starts, n), 0) for n in (1, 2, 3, 4)}
    words = f"{first:%b %Y}" if asked.is_by_month else f"{first:%-d %b}"
    total = sum(by_severity.values())
    return Row(words, {"now": total, **by_severity}, asked.incidents_url(opened=f"{first}..{last}"))


# --- by what it is --------------------------------------------------------------------------------


def categories(asked: Asked, actor: Actor) -> Chart:
    """One query."""
    found = _both(period.counted(asked, actor), "category__key", "category__name")
    rows = [
        _row(name or "no category yet", now, before, asked, category=key or NO_CATEGORY)
        for key, name, now, before in found
    ]
    return _bars("categories", "By category", rows, "is the most frequent category")


def severities(asked: Asked, actor: Actor) -> Chart:
    """One query; all four, in their order."""
    shown = (n for n in (1, 2, 3, 4) if asked.severity in (None, n))
    known = dict.fromkeys(shown, (0, 0))
    for severity, now, before in _both(period.counted(asked, actor), "severity"):
        known[severity] = now, before
    rows = [
        _row(f"SEV-{n}", now, before, asked, severity=str(n)) for n, (now, before) in known.items()
    ]
    grave, total = sum(row.count("now") for row in rows[:2]), _sum(rows)
    chart = _bars("severities", "By severity", rows, "is the most frequent severity", sort=False)
    if not total or asked.severity:
        return chart
    title = f"{grave:,} of {figures.number(total, 'incident')} were SEV-1 or SEV-2"
    return replace(chart, title=title)


def sources(asked: Asked, actor: Actor) -> Chart:
    """By what found it: a source of alerts by name, people and partners together. One query."""
    machine = When(detected_by__contains=FROM_SOURCE, then=F("detected_by"))
    rows = period.counted(asked, actor).annotate(finder=Case(machine, default=Value("")))
    found = _both(rows, "detection", "finder")
    labels = dict(Incident.Detection.choices)
    shown = [
        _row(str(finder or labels[kind]), now, before, asked, found=finder or kind)
        for kind, finder, now, before in found
    ]
    return _bars("sources", "By source", shown, "found the most")


def systems(asked: Asked, actor: Actor) -> Chart:
    """One query."""
    rows = period.counted(asked, actor).filter(systems__system__isnull=False)
    found = _both(rows, "systems__system__name")
    shown = [_row(name, now, before, asked, system=name) for name, now, before in found]
    return _bars("systems", "By system", shown, "was affected most", once=False)


def partners(asked: Asked, actor: Actor) -> Chart:
    """One query."""
    rows = period.counted(asked, actor).filter(involvements__partner__isnull=False)
    found = _both(rows, "involvements__partner__code", "involvements__partner__name")
    shown = [_row(name, now, before, asked, partner=code) for code, name, now, before in found]
    return _bars("partners", "By partner", shown, "was involved most", once=False)


def _both(rows: QuerySet[Any], *columns: str) -> list[tuple[Any, ...]]:
    """These columns, with how many incidents in the period and in the one before."""
    return list(
        rows.values_list(*columns).annotate(
            now=Count("pk", filter=Q(is_now=True)), before=Count("pk", filter=Q(is_now=False))
        )
    )


def _row(label: str, now: int, before: int, asked: Asked, **narrower: str) -> Row:
    url = asked.incidents_url(**narrower) if now else ""
    return Row(label, {"now": now, "before": before}, url)


def _bars(
    key: str, subject: str, rows: list[Row], words: str, *, sort: bool = True, once: bool = True
) -> Chart:
    """The most frequent first."""
    shown = sorted(rows, key=_most_first) if sort else rows
    total, first = _sum(shown), max(shown, key=lambda row: row.count("now"), default=None)
    title = f"{subject}: none in this period"
    if first is not None and total:
        title = f"{first.label} {words}: {first.count('now'):,}, was {first.count('before'):,}"
    hidden = len(shown) - MOST
    more = f" The table has {hidden} more." if hidden > 0 else ""
    each = "" if once else " An incident with several counts at each."
    whole = f"Of {figures.number(total, 'incident')}" if once else f"{total:,} in all"
    return Chart(
        key=key,
        shape=Shape.BARS,
        subject=subject,
        title=title,
        columns=COLUMNS,
        rows=tuple(shown),
        of=f"{whole}; the period before had {_sum(shown, 'before'):,}.{each}{more}",
        empty=NOTHING,
        drawn=("now",),
        most=MOST,
    )


def _most_first(row: Row) -> tuple[int, int, str]:
    return -row.count("now"), -row.count("before"), row.label


def _sum(rows: Iterable[Row], key: str = "now") -> int:
    return sum(row.count(key) for row in rows)
