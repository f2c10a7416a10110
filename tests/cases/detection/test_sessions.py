"""Slots of a venue's day: in its own time, through clock changes, holidays and nights."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from cases.detection.sessions import ROUND_THE_CLOCK, WEEKDAYS, Session
from tests.cases.detection.days import LONDON, VENUE

OVERNIGHT = Session("America/Chicago", time(17), time(16), frozenset({6, 0, 1, 2, 3}))


@pytest.mark.parametrize(
    "day", [27, 30]
)  # the Friday before the clocks change and the Monday after
def test_the_same_time_of_the_venue_is_the_same_slot_on_both_sides_of_a_clock_change(day):
    at = datetime(2026, 3, day, 9, 10, tzinfo=LONDON)
    assert VENUE.slot(at) == "open 2"
    assert VENUE.slot(at.astimezone(UTC)) == "open 2"
    assert VENUE.slot(at.astimezone(ZoneInfo("Asia/Tokyo"))) == "open 2"


def test_a_venue_is_closed_before_it_opens_from_when_it_closes_and_at_the_weekend():
    friday = [datetime(2026, 3, 6, *clock, tzinfo=LONDON) for clock in ((7, 59), (8, 0), (16, 29))]
    closing = datetime(2026, 3, 6, 16, 30, tzinfo=LONDON)
    saturday = datetime(2026, 3, 7, 12, 0, tzinfo=LONDON)
    assert [VENUE.is_open(at) for at in (*friday, closing, saturday)] == [0, 1, 1, 0, 0]
    assert VENUE.slot(saturday) == "closed 24"


def test_a_holiday_is_closed_and_a_half_day_closes_early():
    christmas, eve = date(2026, 12, 25), date(2026, 12, 24)
    venue = Session(
        "Europe/London",
        time(8),
        time(16, 30),
        WEEKDAYS,
        holidays=frozenset({christmas}),
        closes_early={eve: time(12, 30)},
    )
    assert not venue.is_open(datetime(2026, 12, 25, 10, 0, tzinfo=LONDON))
    assert venue.is_open(datetime(2026, 12, 24, 12, 29, tzinfo=LONDON))
    assert not venue.is_open(datetime(2026, 12, 24, 12, 30, tzinfo=LONDON))
    assert venue.slot(datetime(2026, 12, 24, 9, 0, tzinfo=LONDON)) == "open 2"


def test_a_session_through_the_night_belongs_to_the_day_on_which_it_opened():
    chicago = ZoneInfo("America/Chicago")
    sunday_evening = datetime(2026, 3, 1, 17, 0, tzinfo=chicago)
    monday_morning = datetime(2026, 3, 2, 9, 0, tzinfo=chicago)
    the_hour_between = datetime(2026, 3, 2, 16, 30, tzinfo=chicago)
    friday_evening = datetime(2026, 3, 6, 17, 0, tzinfo=chicago)
    assert OVERNIGHT.slot(sunday_evening) == "open 0"
    assert OVERNIGHT.slot(monday_morning) == "open 32"
    assert not OVERNIGHT.is_open(the_hour_between)
    assert not OVERNIGHT.is_open(friday_evening)


def test_what_never_closes_is_always_open():
    hours = [datetime(2026, 3, 7, hour, 0, tzinfo=UTC) for hour in range(24)]
    assert {ROUND_THE_CLOCK.is_open(at) for at in hours} == {True}
    assert [ROUND_THE_CLOCK.slot(at) for at in hours] == [f"open {2 * n}" for n in range(24)]
