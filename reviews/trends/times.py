"""Time to detect, acknowledge, tell partners, contain, recover and review: one chart a measure.

Each by severity, as median and 90th percentile, held against the target of that severity and the
period before. An incident is in one of five states, and only the first is in a median.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Case, Count, F, FilteredRelation, Q, QuerySet, Value, When

from cases.models import Phase, Target
from cases.models.incident import OVER
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.clocks import Counting
from reviews.trends import asked as period
from reviews.trends import figures
from reviews.trends.asked import Asked
from reviews.trends.figures import Chart, Column, Row, Shape, Unit
from reviews.trends.measures import Spread, seconds

SEVERITIES = (1, 2, 3, 4)
# In the order in which they are told; `recorded` alone is measured.
STATES = {
    "recorded": "recorded",
    "pending": "pending",
    "missing": "over and never recorded",
    "not_applicable": "not applicable",
    "invalid": "invalid: ends before it begins",
}
JUDGED = ("recorded", "pending", "missing")  # against the incident's own clock, as far as it is due
MINUTE, DAY = 60, 86_400


@dataclass(frozen=True)
class Measure:
    """From which moment to which; `clock` is the kind of deadline that it is held against."""

    key: str
    subject: str
    done: str  # as in “SEV-1 contained in 42 min”
    begin: str
    end: Any
    clock: str = ""
    spans: str = ""  # in words, for who reads the chart


MEASURES = {
    measure.key: measure
    for measure in (
        Measure(
            "acknowledge",
            "Acknowledge",
            "acknowledged",
            "detected_at",
            F("first_acknowledged_at"),
            "acknowledge",
            "from detection to the first acknowledgement",
        ),
        Measure(
            "contain",
            "Contain",
            "contained",
            "detected_at",
            F("contained_at"),
            "contain",
            "from detection until it no longer grew",
        ),
        Measure(
            "tell",
            "Tell partners",
            "told to partners",
            "confirmed_at",
            F("clock__met_at"),
            "first_notice",
            "from confirmation until every partner to be told had its first notice",
        ),
        Measure(
            "recover",
            "Recover",
            "recovered",
            "detected_at",
            F("recovered_at"),
            "recover",
            "from detection until service was back to normal",
        ),
        Measure(
            "review",
            "Review",
            "reviewed",
            "recovered_at",
            Case(When(phase=Phase.CLOSED, then=F("over_at"))),
            "review",
            "from recovery until the review was approved, which closes it",
        ),
        Measure(
            "detect",
            "Detect",
            "detected",
            "occurred_at",
            F("detected_at"),
            "",
            "from when it began, as far as known, to detection; it has no target",
        ),
    )
}

COLUMNS = (
    Column("median", "Median", Unit.SECONDS),
    Column("p90", "90 % within", Unit.SECONDS),
    Column("target", "Target", Unit.WORDS),
    Column("in_time", "In time"),
    Column("judged", "With a target"),
    *(Column(key, label.partition(":")[0].capitalize()) for key, label in STATES.items()),
    Column("median_before", "Median before", Unit.SECONDS),
    Column("p90_before", "90 % before", Unit.SECONDS),
    Column("in_time_before", "In time before"),
    Column("judged_before", "With a target before"),
    Column("recorded_before", "Recorded before"),
)


@dataclass
class Group:
    """The incidents of one severity in one of the two periods."""

    counts: dict[str, int] = field(default_factory=dict)
    median: float | None = None
    p90: float | None = None
    judged: int = 0
    in_time: int = 0


@dataclass(frozen=True)
class Limit:
    """A target: as it is said, and in seconds of the clock, for the drawing."""

    words: str
    seconds: float


def limits() -> dict[tuple[str, int], Limit]:
    """The targets that hold now, by kind and severity. One query, for all charts."""
    return {(row.kind, row.severity): _limit(row) for row in Target.objects.all()}


def _limit(row: Target) -> Limit:
    if row.counting == Counting.MINUTES:
        return Limit(figures.span(row.amount * MINUTE), row.amount * MINUTE)
    if row.counting == Counting.CALENDAR_DAYS:
        return Limit(figures.number(row.amount, "day"), row.amount * DAY)
    # Five of seven days count, so that two business days take about 2.8 days of the clock.
    return Limit(figures.number(row.amount, "business day"), row.amount * DAY * 7 / 5)


def chart(
    key: str,
    asked: Asked,
    actor: Actor,
    known: Mapping[tuple[str, int], Limit],
    *,
    at: datetime,
) -> Chart:
    """One query."""
    measure = MEASURES[key]
    groups = _groups(rows(measure, asked, actor, at=at))
    shown = [n for n in SEVERITIES if asked.severity in (None, n)]
    found = tuple(
        _row(n, groups.get((n, True), Group()), groups.get((n, False), Group()), measure, known)
        for n in shown
    )
    return Chart(
        key=key,
        shape=Shape.SPANS,
        subject=measure.subject,
        title=title(measure, found),
        columns=COLUMNS,
        rows=found,
        of=f"{_states(found)}. Counted {measure.spans}.",
        empty="No incident was opened in this period.",
        drawn=tuple(STATES),
    )


def rows(measure: Measure, asked: Asked, actor: Actor, *, at: datetime) -> QuerySet[Any]:
    """Severity, period and state, with how many, the spread, how many are judged, and how many were
    in time. What was due and is not recorded is judged as well: it is late."""
    found = period.counted(asked, actor)
    clock: dict[str, Any] = {}
    if measure.clock:
        is_its = Q(deadlines__kind=measure.clock, deadlines__involvement=None)
        found = found.annotate(clock=FilteredRelation("deadlines", condition=is_its))
        is_late = Q(clock__due_at__lt=at, clock__is_dropped=False)
        clock = {
            "judged": Count(
                "pk", filter=Q(ended__isnull=False, clock__due_at__isnull=False) | is_late
            ),
            "in_time": Count("pk", filter=Q(ended__lte=F("clock__due_at"))),
        }
    grouped: QuerySet[Any] = (
        found.annotate(began=F(measure.begin), ended=measure.end)
        .annotate(state=_state(measure))
        .values("severity", "is_now", "state")
        .annotate(number=Count("pk"), spread=Spread(seconds("began", "ended")), **clock)
    )
    return grouped


def _state(measure: Measure) -> Case:
    """Whose time is known; whose may still come; whose never came; whom nobody asks."""
    known = Q(began__isnull=False, ended__isnull=False)
    excused = []
    if measure.key == "tell":
        nobody = Q(clock__is_dropped=True) | Q(clock__id=None, confirmed_at__isnull=False)
        excused = [When(nobody, then=Value("not_applicable"))]
    return Case(
        When(known & Q(ended__lt=F("began")), then=Value("invalid")),
        When(known, then=Value("recorded")),
        *excused,
        When(phase__in=OVER, then=Value("missing")),
        default=Value("pending"),
    )


def _groups(found: QuerySet[Any]) -> dict[tuple[int, bool], Group]:
    groups: dict[tuple[int, bool], Group] = {}
    for row in found:
        group = groups.setdefault((row["severity"], row["is_now"]), Group())
        group.counts[row["state"]] = row["number"]
        if row["state"] == "recorded":
            group.median, group.p90 = row["spread"]
        if row["state"] in JUDGED:
            group.judged += row.get("judged", 0)
            group.in_time += row.get("in_time", 0)
    return groups


def _row(
    severity: int,
    now: Group,
    before: Group,
    measure: Measure,
    known: Mapping[tuple[str, int], Limit],
) -> Row:
    limit = known.get((measure.clock, severity))
    return Row(
        f"SEV-{severity}",
        {
            "severity": severity,
            "median": now.median,
            "p90": now.p90,
            "target": limit.words if limit else None,
            "target_seconds": limit.seconds if limit else None,
            "in_time": now.in_time,
            "judged": now.judged,
            **{key: now.counts.get(key, 0) for key in STATES},
            "median_before": before.median,
            "p90_before": before.p90,
            "in_time_before": before.in_time,
            "judged_before": before.judged,
            "recorded_before": before.counts.get("recorded", 0),
        },
    )


def title(measure: Measure, found: tuple[Row, ...]) -> str:
    """What is seen, in words: of the gravest severity of which something is."""
    row = next((row for row in found if row.count("recorded")), None)
    if row is None:
        return f"{measure.subject}: nothing recorded in this period"
    return f"{row.label} {measure.done} in {figures.span(row.number('median'))} ({facts(row)})"


def facts(row: Row) -> str:
    """`median of 18; target 60 min; was 55 min`."""
    parts = [f"median of {row.count('recorded'):,}"]
    if row.values["target"]:
        parts.append(f"target {row.values['target']}")
    parts.append(
        f"was {figures.span(row.number('median_before'))}"
        if row.count("recorded_before")
        else "nothing to compare before"
    )
    return "; ".join(parts)


def _states(found: tuple[Row, ...]) -> str:
    """Of how many, and why the others are not in it."""
    return figures.listed(_summed(found)) or "No incident"


def _summed(found: tuple[Row, ...]) -> Iterator[tuple[int, str]]:
    for key, words in STATES.items():
        yield sum(row.count(key) for row in found), words
