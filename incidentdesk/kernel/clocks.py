"""Time: the only place that reads a clock, and clock arithmetic without nouns.

Use cases are given `at`; only interfaces read it: a view or a command its process's own clock,
`now()`; a job, which asks what is due, the database's, `database_now()`. Processes on several
machines agree on no other, so what falls due at once is stamped by it as well (`by_database`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from django.db import connection
from django.utils import timezone

EARLIEST, LATEST = 1990, 2199  # the years in which what people and programs tell can lie
STAGES = (50, 75, 90, 100)  # per cent of its time, at which people are reminded of something
WEEK = timedelta(days=7)
PRESENT = timedelta(minutes=1)  # as long as a request takes, from the reading of the clock on


class Counting(StrEnum):
    """How a limit is counted."""

    MINUTES = "minutes"
    CALENDAR_DAYS = "calendar_days"
    BUSINESS_DAYS = "business_days"


def now() -> datetime:
    """The present instant, UTC, by the clock of this process."""
    return timezone.now()


def database_now() -> datetime:
    """The same by the database's clock: one for all processes, whatever theirs say. A query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
        return moment


def is_present(at: datetime) -> bool:
    """Whether `at` is the present by the clock of this process, be that right or wrong."""
    return abs(timezone.now() - at) < PRESENT


def by_database(at: datetime) -> datetime:
    """`at` as the database has it: the present is its present; any other time stays as it is.

    So what a process with a wrong clock wants done now is due now. A query, for the present.
    """
    return database_now() if is_present(at) else at


def add_business_days(start: datetime, days: int) -> datetime:
    """`days` business days after `start`, at the same time of day.

    Monday to Friday count; holidays do not exist yet, which makes a deadline early: the safe side.
    A start on a weekend counts from the Monday that follows, at 00:00.
    """
    moment = start
    if moment.weekday() >= 5:
        moment = (moment + timedelta(days=7 - moment.weekday())).replace(
            hour=0, minute=0, second=0, microsecond=0
        )
    for _ in range(days):
        moment += timedelta(days=1)
        while moment.weekday() >= 5:
            moment += timedelta(days=1)
    return moment


def add(start: datetime, amount: int, counting: str) -> datetime:
    """`start` plus `amount` of `counting` (see Counting)."""
    if counting == Counting.BUSINESS_DAYS:
        return add_business_days(start, amount)
    if counting == Counting.CALENDAR_DAYS:
        return start + timedelta(days=amount)
    return start + timedelta(minutes=amount)


def end_of(day: date) -> datetime:
    """The moment at which a day is over, UTC."""
    return datetime.combine(day + timedelta(days=1), time(), UTC)


@dataclass(frozen=True)
class Stage:
    """Where something stands in its time: the last reminder's per cent (0 before the first), when
    that was due, and when the next one is; None after the last."""

    percent: int
    since: datetime
    next_at: datetime | None


def first_reminder(start: datetime, due: datetime) -> datetime:
    """When somebody is first reminded of what has from `start` to `due`."""
    return start + max(due - start, timedelta()) * STAGES[0] / 100


def stages(start: datetime, due: datetime, at: datetime) -> Stage:
    """The one rule of all reminders: at 50, 75 and 90 per cent of the time, and when it is over.

    What had a week or more is reminded of every further week as long as it is late.
    """
    if at >= due and due - start >= WEEK:
        since = due + (at - due) // WEEK * WEEK
        return Stage(STAGES[-1], since, since + WEEK)
    whole = max(due - start, timedelta())
    moments = [(percent, start + whole * percent / 100) for percent in STAGES]
    passed = [one for one in moments if one[1] <= at] or [(0, start)]
    ahead = [moment for _, moment in moments if moment > at]
    return Stage(*passed[-1], next_at=ahead[0] if ahead else None)


def words(span: timedelta) -> str:
    """A span as a person says it: `45 s`, `12 min`, `2 h 10`, `4 d`."""
    seconds = int(abs(span.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    minutes = seconds // 60
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {rest:02d}" if rest else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours and days < 3 else f"{days} d"
