"""Clock arithmetic: minutes, calendar days, business days, and how a span is said."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from incidentdesk.kernel import clocks
from incidentdesk.kernel.clocks import Calendar, Counting, State

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
        (100, 100, 100, 268),
        (300, 100, 268, 436),
    ],
)
def test_what_is_owed_is_reminded_of_ahead_and_weekly_while_late(hours, percent, since, next_at):
    def hour(number: float) -> datetime:
        return START + timedelta(hours=number)

    found = clocks.stages(START, hour(100), hour(hours))
    assert (found.percent, found.since) == (percent, hour(since))
    assert found.next_at == hour(next_at)
    assert clocks.first_reminder(START, hour(100)) == hour(50)


def test_what_has_no_time_at_all_is_late_at_once():
    assert clocks.first_reminder(START, START) == START
    assert clocks.stages(START, START, START) == clocks.Stage(100, START, START + clocks.WEEK)


def test_a_day_is_over_at_the_midnight_after_it():
    assert clocks.end_of(date(2026, 12, 31)) == datetime(2027, 1, 1, tzinfo=UTC)


# --- months, holidays, zones ----------------------------------------------------------------------

BERLIN, LONDON = Calendar("Europe/Berlin"), Calendar("Europe/London")
NEW_YORK = Calendar("America/New_York")
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "Europe/London", "America/New_York"])
HOLIDAYS = st.frozensets(
    st.integers(0, 8 * 366).map(lambda n: START.date() + timedelta(days=n)), max_size=60
)


@pytest.mark.parametrize(
    ("start", "months", "calendar", "due"),
    [
        ("2027-01-31T10:00", 1, clocks.PLAIN, "2027-02-28T10:00"),  # no such day: the last one
        ("2028-01-31T10:00", 1, clocks.PLAIN, "2028-02-29T10:00"),  # in a leap year
        ("2028-02-29T10:00", 12, clocks.PLAIN, "2029-02-28T10:00"),
        ("2026-03-31T10:00", 1, clocks.PLAIN, "2026-04-30T10:00"),
        ("2026-02-28T10:00", 1, clocks.PLAIN, "2026-03-28T10:00"),  # not the last of March
        ("2026-12-31T10:00", 2, clocks.PLAIN, "2027-02-28T10:00"),  # over the end of the year
        ("2026-03-15T10:00", 1, BERLIN, "2026-04-15T09:00"),  # summer time came: 11:00 in Berlin
        ("2026-10-01T10:00", 1, BERLIN, "2026-11-01T11:00"),  # and went: 12:00 in Berlin
        ("2026-10-01T10:00", 1, NEW_YORK, "2026-11-01T11:00"),  # on that very night
        ("2026-03-31T22:30", 1, BERLIN, "2026-04-30T22:30"),  # 1 April there: due on 1 May
        ("2027-02-28T01:30", 1, BERLIN, "2027-03-28T01:00"),  # 02:30 is skipped: 03:00 is next
        ("2027-02-28T01:30", 1, LONDON, "2027-03-28T01:00"),
    ],
)
def test_a_month_ends_on_the_same_day_of_the_next_or_on_its_last(start, months, calendar, due):
    assert clocks.add(day(start), months, Counting.CALENDAR_MONTHS, calendar) == day(due)


@pytest.mark.parametrize(
    ("start", "days", "calendar", "due"),
    [
        # Christmas Eve 2026 is a Thursday; Friday and Saturday are holidays
        ("2026-12-24T10:00", 1, {"2026-12-25", "2026-12-26"}, "2026-12-28T10:00"),
        ("2026-12-24T10:00", 1, set(), "2026-12-25T10:00"),
        ("2026-12-25T10:00", 1, {"2026-12-25"}, "2026-12-29T00:00"),  # a start on a holiday
        ("2026-12-25T10:00", 0, {"2026-12-25"}, "2026-12-28T00:00"),
        ("2026-12-30T10:00", 2, {"2026-12-31", "2027-01-01"}, "2027-01-05T10:00"),
    ],
)
def test_holidays_are_no_business_days(start, days, calendar, due):
    holidays = frozenset(date.fromisoformat(text) for text in calendar)
    known = Calendar("UTC", holidays)
    assert clocks.add(day(start), days, Counting.BUSINESS_DAYS, known) == day(due)


@pytest.mark.parametrize(
    ("start", "calendar", "due"),
    [
        ("2026-03-27T10:00", BERLIN, "2026-03-30T09:00"),  # 11:00 before and after the change
        ("2026-10-23T10:00", LONDON, "2026-10-26T11:00"),
        ("2026-10-30T10:00", NEW_YORK, "2026-11-02T11:00"),
        ("2026-03-06T23:30", BERLIN, "2026-03-09T23:00"),  # Saturday 00:30 there: Tuesday, 00:00
    ],
)
def test_business_days_keep_the_time_of_day_where_they_are_counted(start, calendar, due):
    assert clocks.add(day(start), 1, Counting.BUSINESS_DAYS, calendar) == day(due)


@pytest.mark.parametrize(
    ("due", "until"),
    [
        ("2026-03-06T22:59", "2026-03-06T22:59"),  # Friday night in Berlin
        ("2026-03-06T23:00", "2026-03-09T11:00"),  # Saturday 00:00: Monday noon
        ("2026-03-08T22:59", "2026-03-09T11:00"),
        ("2026-03-08T23:00", "2026-03-08T23:00"),  # Monday 00:00
        ("2026-03-28T10:00", "2026-03-30T10:00"),  # summer time came on Sunday
        ("2026-04-03T10:00", "2026-04-07T10:00"),  # Good Friday, over Easter Monday
    ],
)
def test_what_is_due_on_a_weekend_or_holiday_may_wait_until_noon_of_the_next_working_day(
    due, until
):
    easter = frozenset({date(2026, 4, 3), date(2026, 4, 6)})
    calendar = Calendar("Europe/Berlin", easter)
    assert clocks.past_weekend(day(due), time(12), calendar) == day(until)


@given(start=MOMENTS, later=MOMENTS, days=st.integers(1, 60), zone=ZONES, holidays=HOLIDAYS)
def test_the_hour_of_a_working_day_after_the_first_is_never_earlier_for_who_starts_later(
    start, later, days, zone, holidays
):
    calendar, hour = Calendar(zone, holidays), time(17, 30)
    first, second = sorted([start, later])
    due = [clocks.working_day_at(one, days, hour, calendar) for one in (first, second)]
    assert due[0] <= due[1]
    assert first < due[0]
    assert clocks.working_day_at(first, days, hour, Calendar(zone)) <= due[0]


@given(start=MOMENTS, later=MOMENTS, days=DAYS, zone=ZONES, holidays=HOLIDAYS)
def test_with_holidays_too_who_starts_later_is_never_due_earlier(
    start, later, days, zone, holidays
):
    first, second = sorted([start, later])
    calendar = Calendar(zone, holidays)
    due = [clocks.add_business_days(one, days, calendar) for one in (first, second)]
    assert first <= due[0] <= due[1]


@given(start=MOMENTS, days=DAYS, zone=ZONES, holidays=HOLIDAYS, more=HOLIDAYS)
def test_more_holidays_never_make_anything_due_earlier(start, days, zone, holidays, more):
    fewer, all_ = Calendar(zone, holidays), Calendar(zone, holidays | more)
    due = [clocks.add_business_days(start, days, calendar) for calendar in (fewer, all_)]
    assert due[0] <= due[1]
    waits = [clocks.past_weekend(start, time(12), calendar) for calendar in (fewer, all_)]
    assert start <= waits[0] <= waits[1]


@given(start=MOMENTS, later=MOMENTS, months=st.integers(1, 24), zone=ZONES)
def test_who_starts_later_is_never_due_on_an_earlier_day(start, later, months, zone):
    """Within the days that a short month lacks, the time of day stays, and days are compared."""
    calendar, place = Calendar(zone), ZoneInfo(zone)
    first, second = sorted([start, later])
    due = [clocks.add_months(one, months, calendar) for one in (first, second)]
    assert first < due[0]
    assert due[0].astimezone(place).date() <= due[1].astimezone(place).date()
    if first.astimezone(place).day <= 28 and second.astimezone(place).day <= 28:
        assert due[0] <= due[1]


@given(start=MOMENTS, later=MOMENTS, zone=ZONES, holidays=HOLIDAYS)
def test_a_weekend_gives_no_more_than_until_noon_of_the_next_working_day(
    start, later, zone, holidays
):
    calendar, place = Calendar(zone, holidays), ZoneInfo(zone)
    first, second = sorted([start, later])
    due = [clocks.past_weekend(one, time(12), calendar) for one in (first, second)]
    days = [one.astimezone(place).date() for one in due]
    assert days[0] <= days[1]
    assert all(calendar.is_working(one) for one in days)
    assert due[0] == first or due[0].astimezone(place).time() == time(12)


@pytest.mark.parametrize(
    ("due", "met", "found"),
    [
        (None, None, State.NOT_STARTED),
        (None, 5, State.MET),
        (10, None, State.RUNNING),
        (5, None, State.RUNNING),  # due this very moment
        (4, None, State.LATE),
        (4, 4, State.MET),
        (4, 5, State.LATE),
    ],
)
def test_a_deadline_stands_as_its_times_say(due, met, found):
    def at(minute):
        return None if minute is None else START + timedelta(minutes=minute)

    assert clocks.state(at(due), at(met), START + timedelta(minutes=5)) == found
