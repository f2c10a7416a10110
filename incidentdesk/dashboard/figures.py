"""The figures at the top of the dashboard, and the board of open incidents below them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Min, Prefetch, Q, QuerySet

from cases import handing, queries
from cases.models import Deadline, Incident
from incidentdesk.dashboard.remaining import DUE, HORIZON, Remaining, until
from incidentdesk.kernel import clocks
from incidentdesk.kernel.access import Actor
from reviews import queries as reviews

ROWS = 25
SEVERITIES = (1, 2, 3, 4)


@dataclass(frozen=True)
class Figures:
    """The four cards."""

    open: int
    severities: list[tuple[int, int]]  # severity, how many; only those that there are
    due: int
    due_words: str
    late: int
    unacknowledged: int
    oldest: str
    overdue: int
    overdue_oldest: str
    in_hands: int  # what this person would hand over, exercises too


def read(by: Actor, *, at: datetime) -> Figures:
    """Three queries, whatever there is."""
    opened = queries.counted_for(by).open()
    real = Q(is_exercise=False)
    waits = real & Q(acknowledged_at=None)
    counts = (
        queries.visible_to(by)
        .open()
        .order_by()
        .aggregate(
            total=Count("pk", filter=real),
            unacknowledged=Count("pk", filter=waits),
            oldest=Min("opened_at", filter=waits),
            in_hands=Count("pk", filter=handing.in_hands(by)),
            **{f"sev{n}": Count("pk", filter=real & Q(severity=n)) for n in SEVERITIES},
        )
    )
    due, due_words, late = _deadlines(opened, at=at)
    overdue = (
        reviews.overdue_actions(by, at).order_by().aggregate(n=Count("pk"), oldest=Min("due_on"))
    )
    days = (at.date() - overdue["oldest"]).days if overdue["n"] else 0
    return Figures(
        open=counts["total"],
        severities=[(n, counts[f"sev{n}"]) for n in SEVERITIES if counts[f"sev{n}"]],
        due=due,
        due_words=due_words,
        late=late,
        unacknowledged=counts["unacknowledged"],
        oldest=clocks.words(at - counts["oldest"]) if counts["unacknowledged"] else "",
        overdue=overdue["n"],
        overdue_oldest=f"{days} day{'' if days == 1 else 's'}",
        in_hands=counts["in_hands"],
    )


def _deadlines(opened: QuerySet[Incident], *, at: datetime) -> tuple[int, str, int]:
    """How many fall due within the hour, which, and how many are past."""
    rows = list(
        running(opened)
        .filter(due_at__lte=at + HORIZON)
        .order_by()
        .values("kind")
        .annotate(
            soon=Count("pk", filter=Q(due_at__gte=at)), late=Count("pk", filter=Q(due_at__lt=at))
        )
    )
    counted = {row["kind"]: row["soon"] for row in rows if row["soon"]}
    words = ", ".join(_several(counted[kind], DUE[kind]) for kind in DUE if kind in counted)
    return sum(counted.values()), words, sum(row["late"] for row in rows)


def _several(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def running(opened: QuerySet[Incident]) -> QuerySet[Deadline]:
    """The clocks of these incidents that are neither met nor dropped."""
    return Deadline.objects.filter(incident__in=opened, met_at=None, is_dropped=False)


@dataclass(frozen=True)
class Row:
    """One open incident."""

    incident: Incident
    age: str
    due: str  # what is due next
    remaining: Remaining | None


def board(by: Actor, *, at: datetime) -> list[Row]:
    """The newest open incidents, newest first, each with the clock that runs out first."""
    clocks_of = Deadline.objects.filter(met_at=None, is_dropped=False).order_by("due_at")
    shown = (
        queries.visible_to(by)
        .open()
        .select_related("commander")
        .prefetch_related(Prefetch("deadlines", queryset=clocks_of, to_attr="clocks"))
        .order_by("-opened_at", "-id")[:ROWS]
    )
    return [_row(incident, at=at) for incident in shown]


def _row(incident: Any, *, at: datetime) -> Row:
    next_due: Deadline | None = incident.clocks[0] if incident.clocks else None
    return Row(
        incident=incident,
        age=clocks.words(at - incident.opened_at),
        due=DUE[next_due.kind] if next_due else "",
        remaining=until(next_due.due_at, at=at) if next_due else None,
    )
