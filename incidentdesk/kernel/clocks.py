"""Time: the only place that reads the clock, and clock arithmetic without nouns.

Use cases are given `at`; only interfaces (a view, a job, a command) call `now()`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from django.utils import timezone


class Counting(StrEnum):
    """How a limit is counted."""

    MINUTES = "minutes"
    CALENDAR_DAYS = "calendar_days"
    BUSINESS_DAYS = "business_days"


def now() -> datetime:
    """The present instant, UTC."""
    return timezone.now()


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
