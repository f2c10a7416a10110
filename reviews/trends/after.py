"""What was learned: preventive actions verified in time, and causes that come back."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import Case, Count, F, QuerySet, Value, When

from cases import queries as incidents
from incidentdesk.kernel.access import Actor
from reviews.models import PreventiveAction
from reviews.models.preventive_action import IN_TIME, SETTLED_AT, WAITS, overdue
from reviews.recurrence import SPAN
from reviews.trends import asked as period
from reviews.trends import figures
from reviews.trends.asked import Asked
from reviews.trends.figures import Chart, Column, Row, Shape
from reviews.trends.measures import over

# --- preventive actions ---------------------------------------------------------------------------

REGISTER = "/admin/reviews/preventiveaction/"
DONE = (
    Column("in_time", "In time"),
    Column("late", "Late"),
    Column("overdue", "Overdue"),
    Column("pending", "Not due yet"),
    Column("not_applicable", "Dropped"),
    Column("invalid", "Invalid"),
)
_SAID = (
    "verified in time",
    "verified late",
    "overdue",
    "not due yet",
    "dropped",
    "ended before agreed",
)


def actions(asked: Asked, actor: Actor, at: datetime) -> Chart:
    """Preventive actions by kind, of those that fall due in the period. One query."""
    known: dict[str, dict[str, int]] = {kind: {} for kind in PreventiveAction.Kind.values}
    for kind, standing, number in standings(asked, actor, at):
        known.setdefault(kind, {})[standing] = number
    labels = dict(PreventiveAction.Kind.choices)
    rows = tuple(
        Row(
            str(labels.get(kind, kind)).capitalize(),
            {column.key: counts.get(column.key, 0) for column in DONE},
            _register_url(kind, asked),
        )
        for kind, counts in known.items()
    )
    counts = [sum(row.count(column.key) for row in rows) for column in DONE]
    in_time, judged = counts[0], sum(counts[:3])
    share = f"{in_time:,} of {judged:,} ({figures.percent(in_time, judged)})" if judged else "None"
    return Chart(
        key="actions",
        shape=Shape.PARTS,
        subject="Preventive actions",
        title=f"{share} of the preventive actions that fell due were verified in time",
        columns=DONE,
        rows=rows,
        of=f"{figures.listed(zip(counts, _SAID, strict=True)) or 'None'}.",
        empty="No preventive action fell due in this period. Reviews agree them.",
        drawn=("in_time", "late", "overdue"),
    )


def _register_url(kind: str, asked: Asked) -> str:
    """The register with exactly those that are counted; it knows no filter of incidents."""
    if asked.is_narrowed:
        return ""
    fell_due = f"{asked.first}..{asked.last}"
    return f"{REGISTER}?{urlencode({'kind__exact': kind, 'fell_due': fell_due})}"


def standings(asked: Asked, actor: Actor, at: datetime) -> QuerySet[Any]:
    """Kind and standing, with how many; one that still runs is due at the end of its day.

    In time is what was verified by its day; what was done before that was asked counts by its end.
    """
    rows = PreventiveAction.objects.filter(
        due_on__gte=asked.first,
        due_on__lte=asked.last,
        review__incident__in=incidents.counted_for(actor),
    )
    rows = period.of_incidents(rows, "review__incident", asked, actor)
    standing = Case(
        When(state="dropped", then=Value("not_applicable")),
        When(ended_at__lt=F("agreed_at"), then=Value("invalid")),
        When(overdue(at), then=Value("overdue")),
        When(WAITS, then=Value("pending")),
        When(IN_TIME, then=Value("in_time")),
        default=Value("late"),
    )
    rows = rows.order_by().annotate(settled_at=SETTLED_AT)
    found = rows.annotate(standing=standing).values_list("kind", "standing")
    return found.annotate(number=Count("pk"))


# --- repeat causes --------------------------------------------------------------------------------

REPEATS = (Column("repeats", "Repeats"), Column("incidents", "Incidents"))
MOST = 8
# Every incident once for each of its systems, with the one before it of the same category and
# system; then by category and system, and (the last row) each incident once.
_REPEATED = """
    WITH placed AS (
        SELECT id, category_id, system_id, opened_at, lag(opened_at) OVER (
            PARTITION BY category_id, system_id ORDER BY opened_at, id) AS earlier
        FROM {rows} AS known
    ), judged AS MATERIALIZED (
        SELECT id, category_id, system_id,
            category_id IS NOT NULL AND system_id IS NOT NULL AS is_known,
            category_id IS NOT NULL AND system_id IS NOT NULL
                AND opened_at - earlier <= %s AS is_repeat
        FROM placed WHERE opened_at >= %s
    )
    SELECT c.key, c.name, s.name, found.number, found.again FROM (
        SELECT category_id, system_id, count(*) AS number,
            count(*) FILTER (WHERE is_repeat) AS again
        FROM judged WHERE is_known GROUP BY category_id, system_id
    ) AS found
    JOIN cases_category AS c ON c.id = found.category_id
    JOIN cases_system AS s ON s.id = found.system_id
    WHERE found.again > 0
    UNION ALL
    SELECT NULL, count(*)::text, count(*) FILTER (WHERE is_known)::text, 0,
        count(*) FILTER (WHERE is_repeat)
    FROM (
        SELECT bool_or(is_known) AS is_known, bool_or(is_repeat) AS is_repeat
        FROM judged GROUP BY id
    ) AS each
"""


def repeats(asked: Asked, actor: Actor) -> Chart:
    """Incidents with one of the same category and a common system in the six months before them.

    One query, over the period and the six months before it.
    """
    rows, total, known, repeated = [], 0, 0, 0
    for key, category, system, number, again in _repeated(asked, actor):
        if key is None:
            total, known, repeated = int(category), int(system), again
        else:
            url = asked.incidents_url(category=key, system=system)
            rows.append(Row(f"{category} · {system}", {"repeats": again, "incidents": number}, url))
    rows.sort(key=lambda row: (-row.count("repeats"), row.label))
    untold, share = total - known, figures.percent(repeated, known)
    missing = f" {untold:,} without category or system cannot be told." if untold else ""
    return Chart(
        key="repeats",
        shape=Shape.BARS,
        subject="Repeat causes",
        title=f"{repeated:,} of {figures.number(known, 'incident')} ({share})"
        " had one like it in the six months before",
        columns=REPEATS,
        rows=tuple(rows),
        of=f"Of {figures.number(total, 'incident')}; alike is the same category and a common"
        f" system.{missing}",
        empty="No incident had one like it (the same category and a common system) in the six"
        " months before.",
        drawn=("repeats",),
        most=MOST,
    )


def _repeated(asked: Asked, actor: Actor) -> list[tuple[Any, ...]]:
    known = (
        period.real(asked, actor)
        .exclude(phase="dismissed")
        .filter(opened_at__gte=asked.since - SPAN, opened_at__lt=asked.until)
        .annotate(system_id=F("systems__system"))
        .values("id", "category_id", "system_id", "opened_at")
    )
    return over(known, _REPEATED, SPAN, asked.since)
