"""Time: the only place that reads a clock, and clock arithmetic without nouns.

Use cases are given `at`; only interfaces read it: a view or a command its process's own clock,
`now()`; a job, which asks what is due, the database's, `database_now()`. Processes on several
machines agree on no other, so what falls due at once is stamped by it as well (`by_database`).
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

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
    CALENDAR_MONTHS = "calendar_months"


class State(StrEnum):
    """How it stands with something that is to be done in time; the value is how it is said."""

    NOT_STARTED = "not started"
    ANCHOR_MISSING = "anchor missing"
    RUNNING = "running"
    MET = "met"
    LATE = "late"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True)
class Calendar:
    """By whose clock and holidays days are counted. Without holidays deadlines are early, which is
    the safe side."""

    zone: str = "UTC"
    holidays: frozenset[date] = frozenset()

    def is_working(self, day: date) -> bool:
        """Monday to Friday, and no holiday."""
        return day.weekday() < 5 and day not in self.holidays

    def working_from(self, day: date) -> date:
        """`day`, or the first working day after it."""
        while not self.is_working(day):
            day += timedelta(days=1)
        return day


PLAIN = Calendar()


def now() -> datetime:
    """The present instant, UTC, by the clock of this process."""
    return timezone.now()


def database_now() -> datetime:
    """The same by the database's clock: one for all processes, whatever theirs say. A query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
        return moment


def apart(theirs: datetime, before: datetime, after: datetime) -> timedelta:
    """How far another clock is, at least, from the one that was read before and after it."""
    return max(theirs - after, before - theirs, timedelta(0))


def beside_database(ask: Callable[[], datetime] = database_now) -> tuple[datetime, timedelta]:
    """The database's moment, which `ask` asks it for, and how far this process's clock is, at
    least, from that."""
    before, theirs, after = now(), ask(), now()
    return theirs, apart(theirs, before, after)


def is_present(at: datetime) -> bool:
    """Whether `at` is the present by the clock of this process, be that right or wrong."""
    return abs(timezone.now() - at) < PRESENT


def by_database(at: datetime) -> datetime:
    """`at` as the database has it: the present is its present; any other time stays as it is.

    So what a process with a wrong clock wants done now is due now. A query, for the present.
    """
    return database_now() if is_present(at) else at


def add_business_days(start: datetime, days: int, calendar: Calendar = PLAIN) -> datetime:
    """`days` working days after `start`, at the same time of day, by the calendar's clock.

    A start on a day that is none counts from the next working day, at 00:00.
    """
    zone = ZoneInfo(calendar.zone)
    local = start.astimezone(zone)
    day = calendar.working_from(local.date())
    hour = local.timetz() if day == local.date() else time(tzinfo=zone)
    for _ in range(days):
        day = calendar.working_from(day + timedelta(days=1))
    return _on_clock(datetime.combine(day, hour))


def add_months(start: datetime, months: int, calendar: Calendar = PLAIN) -> datetime:
    """The same day of a later month and the same time of day, by the calendar's clock; the last day
    of a month that has no such day: 31 January and a month is the last of February."""
    local = start.astimezone(ZoneInfo(calendar.zone))
    count = local.year * 12 + local.month - 1 + months
    year, month = count // 12, count % 12 + 1
    day = min(local.day, monthrange(year, month)[1])
    return _on_clock(local.replace(year=year, month=month, day=day))


def working_day_at(start: datetime, days: int, hour: time, calendar: Calendar) -> datetime:
    """`hour` of the `days`-th working day after the day of `start`, which itself does not count,
    whatever day it is (SEC Form 8-K, General Instruction B.1)."""
    zone = ZoneInfo(calendar.zone)
    day = start.astimezone(zone).date()
    for _ in range(days):
        day = calendar.working_from(day + timedelta(days=1))
    return _on_clock(datetime.combine(day, hour, zone))


def past_weekend(due: datetime, hour: time, calendar: Calendar) -> datetime:
    """What is due on a weekend or a holiday may wait until `hour` of the next working day."""
    zone = ZoneInfo(calendar.zone)
    day = due.astimezone(zone).date()
    if calendar.is_working(day):
        return due
    return _on_clock(datetime.combine(calendar.working_from(day), hour, zone))


def _on_clock(local: datetime) -> datetime:
    """In UTC. A time that the clock skips is the first that it shows afterwards."""
    while local.astimezone(UTC).astimezone(local.tzinfo).replace(fold=0) != local.replace(fold=0):
        local = local.replace(second=0, microsecond=0) + timedelta(minutes=1)
    return local.astimezone(UTC)


def add(start: datetime, amount: int, counting: str, calendar: Calendar = PLAIN) -> datetime:
    """`start` plus `amount` of `counting` (see Counting)."""
    if counting == Counting.BUSINESS_DAYS:
        return add_business_days(start, amount, calendar)
    if counting == Counting.CALENDAR_MONTHS:
        return add_months(start, amount, calendar)
    if counting == Counting.CALENDAR_DAYS:
        return start + timedelta(days=amount)
    return start + timedelta(minutes=amount)


def state(due: datetime | None, met: datetime | None, at: datetime) -> State:
    """How it stands at `at`: met in time, late (done after it was due, or still not done), or
    running. What is not due at any time, since what it counts from is not known, has not begun."""
    if due is None:
        return State.NOT_STARTED if met is None else State.MET
    if (met or at) > due:
        return State.LATE
    return State.RUNNING if met is None else State.MET


def end_of(day: date) -> datetime:
    """The moment at which a day is over, UTC."""
    return datetime.combine(day + timedelta(days=1), time(), UTC)


@dataclass(frozen=True)
class Stage:
    """Where something stands in its time: the last reminder's per cent (0 before the first), when
    that was due, and when the next one is."""

    percent: int
    since: datetime
    next_at: datetime


def first_reminder(start: datetime, due: datetime) -> datetime:
    """When somebody is first reminded of what has from `start` to `due`."""
    return start + max(due - start, timedelta()) * STAGES[0] / 100


def stages(start: datetime, due: datetime, at: datetime) -> Stage:
    """The one rule of all reminders: at 50, 75 and 90 per cent of the time, and when it is over.

    What is late is reminded of every further week, for as long as it is.
    """
    if at >= due:
        since = due + (at - due) // WEEK * WEEK
        return Stage(STAGES[-1], since, since + WEEK)
    moments = [(percent, start + (due - start) * percent / 100) for percent in STAGES]
    passed = [one for one in moments if one[1] <= at] or [(0, start)]
    ahead = [moment for _, moment in moments if moment > at]
    return Stage(*passed[-1], next_at=ahead[0])


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
