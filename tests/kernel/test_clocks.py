"""Clock arithmetic: minutes, calendar days, business days, and how a span is said."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidentdesk.kernel import clocks
from incidentdesk.kernel.clocks import Counting

START = datetime(2024, 1, 1, tzinfo=UTC)
MOMENTS = st.integers(0, 8 * 366 * 24 * 60).map(lambda n: START + timedelta(minutes=n))
DAYS = st.integers(min_value=0, max_value=60)


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        ("2026-03-04T09:41", 0, "2026-03-04T09:41"),  # a Wednesday
        ("2026-03-04T09:41", 1, "2026-03-05T09:41"),
        ("2026-03-04T09:41", 2, "2026-03-06T09:41"),
        ("2026-03-04T09:41", 3, "2026-03-09T09:41"),  # over the weekend
        ("2026-03-04T09:41", 10, "2026-03-18T09:41"),
        ("2026-03-06T23:59", 1, "2026-03-09T23:59"),  # a Friday, a minute before midnight
        ("2026-03-07T00:00", 0, "2026-03-09T00:00"),  # a Saturday counts from Monday, 00:00
        ("2026-03-07T15:30", 1, "2026-03-10T00:00"),
        ("2026-03-08T23:59", 1, "2026-03-10T00:00"),  # a Sunday
        ("2026-03-09T00:00", 1, "2026-03-10T00:00"),
        ("2027-12-31T12:00", 1, "2028-01-03T12:00"),  # a Friday, over the end of the year
        ("2028-02-28T12:00", 1, "2028-02-29T12:00"),  # a leap day is a Tuesday
        ("2028-02-29T12:00", 4, "2028-03-06T12:00"),
    ],
)
def test_business_days_are_monday_to_friday(start, days, due):
    assert clocks.add_business_days(day(start), days) == day(due)
    assert clocks.add(day(start), days, Counting.BUSINESS_DAYS) == day(due)


@given(start=MOMENTS, later=MOMENTS, days=DAYS)
@pytest.mark.fault("F23", "any day of any year")
def test_who_starts_later_is_never_due_earlier(start, later, days):
    first, second = sorted([start, later])
    assert clocks.add_business_days(first, days) <= clocks.add_business_days(second, days)


@given(start=MOMENTS, days=DAYS)
def test_one_more_business_day_is_later_and_never_a_weekend(start, days):
    due = clocks.add_business_days(start, days)
    assert due.weekday() < 5
    assert due >= start
    assert clocks.add_business_days(start, days + 1) > due
    between = (due.date() - start.date()).days
    weekdays = sum((start.date() + timedelta(n)).weekday() < 5 for n in range(1, between + 1))
    assert weekdays == days + (start.weekday() >= 5)


@pytest.mark.parametrize(
    ("amount", "counting", "due"),
    [
        (5, Counting.MINUTES, "2026-03-06T23:05"),
        (120, "minutes", "2026-03-07T01:00"),
        (3, Counting.CALENDAR_DAYS, "2026-03-09T23:00"),
        (3, Counting.BUSINESS_DAYS, "2026-03-11T23:00"),
    ],
)
def test_a_limit_is_counted_as_it_says(amount, counting, due):
    assert clocks.add(day("2026-03-06T23:00"), amount, counting) == day(due)


def test_the_present_is_told_with_its_zone():
    before = datetime.now(UTC)  # noqa: TID251 -- the clock that the desk's own is held against
    now = clocks.now()
    assert now.utcoffset() == timedelta()
    assert timedelta() <= now - before < timedelta(seconds=5)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (7800, "2 h 10"),
        (86399, "23 h 59"),
        (86400, "1 d"),
        (90000, "1 d 1 h"),
        (3 * 86400 + 7200, "3 d"),
        (-720, "12 min"),
    ],
)
def test_a_span_is_said_as_a_person_says_it(seconds, said):
    assert clocks.words(timedelta(seconds=seconds)) == said


@pytest.mark.parametrize(
    ("hours", "percent", "since", "next_at"),
    [
        (0, 0, 0, 50),
        (49.9, 0, 0, 50),
        (50, 50, 50, 75),
        (80, 75, 75, 90),
        (99, 90, 90, 100),
        (100, 100, 100, None),
        (900, 100, 100, None),
    ],
)
def test_what_has_less_than_a_week_is_reminded_of_until_it_is_late(hours, percent, since, next_at):
    def hour(number: float) -> datetime:
        return START + timedelta(hours=number)

    found = clocks.stages(START, hour(100), hour(hours))
    assert (found.percent, found.since) == (percent, hour(since))
    assert found.next_at == (None if next_at is None else hour(next_at))
    assert clocks.first_reminder(START, hour(100)) == hour(50)


@pytest.mark.parametrize(("days", "since"), [(10, 10), (16.9, 10), (17, 17), (30, 24)])
def test_what_has_a_week_or_more_is_reminded_of_every_week_while_it_is_late(days, since):
    found = clocks.stages(START, START + timedelta(days=10), START + timedelta(days=days))
    assert (found.percent, found.since) == (100, START + timedelta(days=since))
    assert found.next_at == START + timedelta(days=since + 7)


def test_what_has_no_time_at_all_is_late_at_once():
    assert clocks.first_reminder(START, START) == START
    assert clocks.stages(START, START, START) == clocks.Stage(100, START, None)


def test_a_day_is_over_at_the_midnight_after_it():
    assert clocks.end_of(date(2026, 12, 31)) == datetime(2027, 1, 1, tzinfo=UTC)
