"""Partners: how punctual we are to them, how soon they report, and how they answer.

What counts as in time, late or overdue is what a partner's own page says (`cases.punctuality` and
`cases.cooperation`), here over all partners and for any period.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import Case, Count, F, Q, QuerySet, Value, When

from cases import cooperation, punctuality
from incidentdesk.kernel.access import Actor
from reviews.trends import asked as period
from reviews.trends import figures
from reviews.trends.asked import Asked
from reviews.trends.figures import Chart, Column, Row, Shape, Unit
from reviews.trends.measures import Spread, seconds

KEPT = (
    Column("in_time", "In time"),
    Column("late", "Late"),
    Column("overdue", "Overdue"),
)
JUDGED = tuple(column.key for column in KEPT)
MOST = 12


def punctual(asked: Asked, actor: Actor, at: datetime) -> Chart:
    """Our notices, facts packages and reports of the cause, by partner. One query."""
    rows = punctuality.owed(actor=actor, since=asked.since, until=asked.until)
    rows = period.of_incidents(rows, "incident", asked, actor)
    if asked.partner_id:
        rows = rows.filter(involvement__partner=asked.partner_id)
    names = ("involvement__partner__code", "involvement__partner__name")
    found = (
        rows.order_by()
        .values_list(*names)
        .annotate(
            **punctuality.judged(at),
            pending=Count("pk", filter=Q(is_dropped=False, met_at=None, due_at__gte=at)),
            dropped=Count("pk", filter=Q(is_dropped=True)),
        )
    )
    columns = (
        *KEPT,
        Column("pending", "Not due yet"),
        Column("not_applicable", "No longer owed"),
    )
    shown = _rows(found, columns, asked)
    return _parts(
        "punctuality",
        "Our notices and facts packages",
        shown,
        columns,
        f"{_share(shown)} of what partners were promised came in time",
        "Nothing that a partner is promised fell due in this period.",
    )


def cooperative(asked: Asked, actor: Actor, at: datetime) -> Chart:
    """Our requests and how partners answered them, by partner. One query."""
    rows = cooperation.asked_between(actor=actor, since=asked.since, until=asked.until)
    rows = period.of_incidents(rows, "involvement__incident", asked, actor)
    if asked.partner_id:
        rows = rows.filter(partner=asked.partner_id)
    found = (
        rows.order_by()
        .values_list("partner__code", "partner__name")
        .annotate(
            **cooperation.judged(at),
            withdrawn=Count("pk", filter=Q(state="withdrawn")),
        )
    )
    columns = (*KEPT, Column("pending", "Open still"), Column("not_applicable", "Withdrawn"))
    shown = _rows(found, columns, asked)
    return _parts(
        "cooperation",
        "Answers to our requests",
        shown,
        columns,
        f"{_share(shown)} of our requests were answered in time",
        "No partner was asked for anything in this period.",
    )


def _rows(found: Iterable[Any], columns: tuple[Column, ...], asked: Asked) -> list[Row]:
    """In the order of what did not come in time, and then of how much there was."""
    rows = [
        Row(
            name,
            {column.key: count for column, count in zip(columns, counts, strict=True)},
            asked.incidents_url(partner=code),
        )
        for code, name, *counts in found
    ]
    return sorted(rows, key=lambda row: (-_missed(row), -row.count("in_time"), row.label))


def _missed(row: Row) -> int:
    return row.count("late") + row.count("overdue")


def _share(rows: list[Row]) -> str:
    kept = sum(row.count("in_time") for row in rows)
    whole = kept + sum(_missed(row) for row in rows)
    return f"{kept:,} of {whole:,} ({figures.percent(kept, whole)})" if whole else "None"


def _parts(
    key: str,
    subject: str,
    rows: list[Row],
    columns: tuple[Column, ...],
    title: str,
    empty: str,
) -> Chart:
    """Each partner as what came in time, late, or not yet and overdue."""
    counts = [(sum(row.count(c.key) for row in rows), c.label.lower()) for c in columns]
    return Chart(
        key=key,
        shape=Shape.PARTS,
        subject=subject,
        title=title,
        columns=columns,
        rows=tuple(rows),
        of=f"{figures.listed(counts) or 'None'}.",
        empty=empty,
        drawn=JUDGED,
        most=MOST,
    )


# --- how soon they report -------------------------------------------------------------------------

REPORTED = (
    Column("median", "Median", Unit.SECONDS),
    Column("p90", "90 % within", Unit.SECONDS),
    Column("recorded", "Recorded"),
    Column("invalid", "Invalid"),
    Column("median_before", "Median before", Unit.SECONDS),
    Column("recorded_before", "Recorded before"),
)


def prompt(asked: Asked, actor: Actor) -> Chart:
    """From when a partner noticed something until it told us, by partner. One query."""
    shown = _prompt_rows(reported(asked, actor), asked)
    total = sum(row.count("recorded") for row in shown)
    wrong = sum(row.count("invalid") for row in shown)
    slowest = max(shown, key=lambda row: row.number("median"), default=None)
    title = "Partners reported nothing in this period"
    if slowest is not None and total:
        title = (
            f"{slowest.label} reports latest: {figures.span(slowest.number('median'))} after it"
            f" noticed (median of {slowest.count('recorded'):,})"
        )
    states = [(total, "recorded"), (wrong, "invalid: told before it was noticed")]
    return Chart(
        key="promptness",
        shape=Shape.BARS,
        subject="How soon partners report",
        title=title,
        columns=REPORTED,
        rows=tuple(shown),
        of=f"{figures.listed(states) or 'No report'}. From noticed, as the partner says, to told.",
        empty="No partner reported anything in this period.",
        drawn=("median", "recorded"),
        most=MOST,
    )


def reported(asked: Asked, actor: Actor) -> QuerySet[Any]:
    """Partner, period and state, with how many reports and the spread."""
    rows = period.in_both(cooperation.reports(actor=actor), "reported_at", asked)
    rows = period.of_incidents(rows, "incident", asked, actor)
    if asked.partner_id:
        rows = rows.filter(partner=asked.partner_id)
    is_wrong = When(reported_at__lt=F("noticed_at"), then=Value("invalid"))
    grouped: QuerySet[Any] = (
        rows.order_by()
        .annotate(standing=Case(is_wrong, default=Value("recorded")))
        .values("partner__code", "partner__name", "is_now", "standing")
        .annotate(number=Count("pk"), spread=Spread(seconds("noticed_at", "reported_at")))
    )
    return grouped


def _prompt_rows(found: Iterable[dict[str, Any]], asked: Asked) -> list[Row]:
    known: dict[tuple[str, str], dict[str, Any]] = {}
    for row in found:
        empty = dict.fromkeys((c.key for c in REPORTED), None) | {
            "recorded": 0,
            "invalid": 0,
            "recorded_before": 0,
        }
        values = known.setdefault((row["partner__code"], row["partner__name"]), empty)
        if row["is_now"]:
            values[row["standing"]] = row["number"]
            if row["standing"] == "recorded":
                values["median"], values["p90"] = row["spread"]
        elif row["standing"] == "recorded":
            values["recorded_before"], values["median_before"] = row["number"], row["spread"][0]
    rows = [
        Row(name, values, asked.incidents_url(partner=code))
        for (code, name), values in known.items()
    ]
    return sorted(rows, key=lambda row: (-row.number("median"), row.label))
