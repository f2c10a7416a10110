"""The arithmetic of a rota: exact on the days on which clocks change, and without a hole."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidentdesk.kernel import wall
from notifications.rotas import rota
from notifications.rotas.rota import Days, Layer, Plan, Turn, Window
from notifications.rotas.spans import common, joined, without

A, B, C, D = 1, 2, 3, 4
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
BERLIN, YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
HOWE, APIA = ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Pacific/Apia")
EVERY_DAY = frozenset(range(7))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def layer(*people: int, starts: str = "2026-01-05T09:00", **more: Any) -> Layer:
    """Weekly on Mondays at nine, unless more is said."""
    begins = datetime.fromisoformat(starts)
    known: dict[str, Any] = {"length": WEEK, "anchor": begins, "starts": begins, "name": "Main"}
    return Layer(people=people, **(known | more))


def plan(*layers: Layer, zone: ZoneInfo = BERLIN, **more: Any) -> Plan:
    known: dict[str, Any] = {"able": frozenset({A, B, C, D})}
    return Plan(zone=zone, layers=layers, **(known | more))


def daily(at: str, *people: int, starts: str) -> Layer:
    return layer(*people, starts=f"{starts}T{at}", length=DAY)


def said(turns: list[Turn]) -> list[tuple[str, int]]:
    """Turns as `from to`, to the minute, and who."""
    return [(f"{t.starts:%m-%dT%H:%M} {t.ends:%m-%dT%H:%M}", t.who) for t in turns]


# --- the clock on the wall ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "shown", "instant"),
    [
        (BERLIN, "2026-03-29T02:30", "2026-03-29T01:00"),  # never shown: the moment of the jump
        (BERLIN, "2026-03-29T03:00", "2026-03-29T01:00"),
        (BERLIN, "2026-10-25T02:30", "2026-10-25T00:30"),  # shown twice: the first time
        (BERLIN, "2026-10-25T03:00", "2026-10-25T02:00"),
        (YORK, "2026-03-08T02:30", "2026-03-08T07:00"),
        (YORK, "2026-11-01T01:30", "2026-11-01T05:30"),
        (HOWE, "2026-10-04T02:15", "2026-10-03T15:30"),
        (HOWE, "2026-04-05T01:45", "2026-04-04T14:45"),
        (APIA, "2011-12-30T08:00", "2011-12-30T10:00"),  # a day that never was
    ],
)
def test_what_the_wall_shows_is_one_instant(zone: ZoneInfo, shown: str, instant: str) -> None:
    assert wall.instant(datetime.fromisoformat(shown), zone) == utc(instant)


@pytest.mark.parametrize(
    ("zone", "at", "starts", "turns"),
    [
        (
            BERLIN,
            "02:30",
            "2026-03-28",
            [("03-28T01:30 03-29T01:00", A), ("03-29T01:00 03-30T00:30", B)],  # 23 h 30 each
        ),
        (
            BERLIN,
            "02:30",
            "2026-10-24",
            [("10-24T00:30 10-25T00:30", A), ("10-25T00:30 10-26T01:30", B)],  # 24 h, 25 h
        ),
        (
            BERLIN,
            "09:00",
            "2026-03-28",
            [("03-28T08:00 03-29T07:00", A), ("03-29T07:00 03-30T07:00", B)],  # 23 h, 24 h
        ),
        (
            YORK,
            "02:30",
            "2026-03-07",
            [("03-07T07:30 03-08T07:00", A), ("03-08T07:00 03-09T06:30", B)],
        ),
        (
            YORK,
            "01:30",
            "2026-10-31",
            [("10-31T05:30 11-01T05:30", A), ("11-01T05:30 11-02T06:30", B)],
        ),
        (
            HOWE,
            "02:15",
            "2026-10-03",
            [("10-02T15:45 10-03T15:30", A), ("10-03T15:30 10-04T15:15", B)],  # 23 h 45 each
        ),
        (
            HOWE,
            "01:45",
            "2026-04-04",
            [("04-03T14:45 04-04T14:45", A), ("04-04T14:45 04-05T15:15", B)],  # 24 h, 24 h 30
        ),
        (
            APIA,
            "08:00",
            "2011-12-29",
            [("12-29T18:00 12-30T10:00", A), ("12-30T10:00 12-30T18:00", B)],
        ),
    ],
)
@pytest.mark.fault("F22", "Berlin, New York, Lord Howe: both changes")
def test_turns_meet_to_the_minute_when_clocks_change(
    zone: ZoneInfo, at: str, starts: str, turns: list[tuple[str, int]]
) -> None:
    known = plan(daily(at, A, B, C, starts=starts), zone=zone)
    first = wall.instant(datetime.fromisoformat(f"{starts}T{at}"), zone)
    assert said(rota.schedule(known, first, first + 3 * DAY))[:2] == turns


def test_turns_of_hours_are_hours_on_the_wall() -> None:
    known = plan(layer(A, B, C, starts="2026-03-29T00:00", length=HOUR))
    turns = rota.schedule(known, utc("2026-03-28T23:00"), utc("2026-03-29T03:00"))
    assert said(turns) == [
        ("03-28T23:00 03-29T00:00", A),
        ("03-29T00:00 03-29T01:00", B),
        ("03-29T01:00 03-29T02:00", A),  # two o'clock never is, and neither is C's turn
        ("03-29T02:00 03-29T03:00", B),
    ]


@pytest.mark.parametrize(
    ("night", "hours"), [("2026-03-28", 7), ("2026-10-24", 9), ("2026-06-01", 8)]
)
@pytest.mark.fault("F22", "a night shift")
def test_a_night_is_as_long_as_the_clocks_make_it(night: str, hours: int) -> None:
    nights = layer(A, windows=[Window(EVERY_DAY, time(22), time(6))])
    starts = wall.instant(datetime.fromisoformat(f"{night}T12:00"), BERLIN)
    turns = rota.schedule(plan(nights), starts, starts + DAY)
    assert [turn.ends - turn.starts for turn in turns] == [hours * HOUR]


@pytest.mark.parametrize(
    ("starts", "handed_over"),
    [
        ("2024-02-28", ["02-28", "02-29", "03-01"]),
        ("2027-02-28", ["02-28", "03-01", "03-02"]),
        ("2026-12-31", ["12-31", "01-01", "01-02"]),
    ],
)
@pytest.mark.fault("F23", "29 February, 31 December")
def test_leap_days_and_the_end_of_a_year_are_days_like_others(
    starts: str, handed_over: list[str]
) -> None:
    first = wall.instant(datetime.fromisoformat(f"{starts}T09:00"), BERLIN)
    turns = rota.schedule(plan(daily("09:00", A, B, C, starts=starts)), first, first + 3 * DAY)
    assert [f"{turn.starts:%m-%d}" for turn in turns] == handed_over


@pytest.mark.fault("F23", "week 53")
def test_a_week_53_is_a_week_like_others() -> None:
    """2026 has one: from 28 December to 3 January."""
    turns = rota.schedule(
        plan(layer(A, B, starts="2026-12-21T09:00")),
        utc("2026-12-21T08:00"),
        utc("2027-01-11T08:00"),
    )
    assert said(turns) == [
        ("12-21T08:00 12-28T08:00", A),
        ("12-28T08:00 01-04T08:00", B),
        ("01-04T08:00 01-11T08:00", A),
    ]


# --- layers, leave, taking over -------------------------------------------------------------------

MONDAY, NEXT = utc("2026-01-05T08:00"), utc("2026-01-12T08:00")


def test_a_first_turn_that_begins_midweek_ends_at_the_hand_over() -> None:
    begun = rota.anchor(date(2026, 1, 8), time(9), 0)
    main = layer(A, B, anchor=begun, starts="2026-01-08T09:00")
    turns = rota.schedule(plan(main), MONDAY, NEXT + 7 * DAY)
    assert begun.isoformat() == "2026-01-05T09:00:00"
    assert said(turns) == [("01-08T08:00 01-12T08:00", A), ("01-12T08:00 01-19T08:00", B)]


def test_a_layer_ends_where_its_successor_begins() -> None:
    old = layer(A, ends=datetime.fromisoformat("2026-01-08T09:00"))
    new = layer(B, starts="2026-01-08T09:00")
    turns = rota.schedule(plan(old, new), MONDAY, NEXT)
    assert said(turns) == [("01-05T08:00 01-08T08:00", A), ("01-08T08:00 01-12T08:00", B)]


def test_the_layer_below_fills_what_the_one_above_leaves_open() -> None:
    office = layer(A, windows=[Window(frozenset(range(5)), time(9), time(17))])
    turns = rota.schedule(plan(office, layer(B, name="Rest")), MONDAY, MONDAY + 2 * DAY)
    assert said(turns) == [
        ("01-05T08:00 01-05T16:00", A),
        ("01-05T16:00 01-06T08:00", B),
        ("01-06T08:00 01-06T16:00", A),
        ("01-06T16:00 01-07T08:00", B),
    ]


def test_what_all_layers_leave_open_is_a_gap() -> None:
    office = layer(A, windows=[Window(frozenset({0}), time(9), time(17))])
    turns = rota.schedule(plan(office), MONDAY, MONDAY + DAY)
    assert rota.gaps(turns, MONDAY, MONDAY + DAY) == [(utc("2026-01-05T16:00"), MONDAY + DAY)]


def test_leave_gives_the_turn_to_the_next_who_is_there_and_back_again() -> None:
    away = {A: [(MONDAY + DAY, MONDAY + 3 * DAY)], B: [(MONDAY + 2 * DAY, MONDAY + 5 * DAY)]}
    turns = rota.schedule(plan(layer(A, B, C), away=away), MONDAY, NEXT)
    assert said(turns) == [
        ("01-05T08:00 01-06T08:00", A),
        ("01-06T08:00 01-07T08:00", B),
        ("01-07T08:00 01-08T08:00", C),
        ("01-08T08:00 01-12T08:00", A),
    ]


def test_when_everybody_of_a_layer_is_away_the_layer_below_is_asked() -> None:
    away = {A: [(MONDAY, NEXT)], B: [(MONDAY, MONDAY + DAY)]}
    turns = rota.schedule(plan(layer(A, B), layer(C, name="Below"), away=away), MONDAY, NEXT)
    assert said(turns) == [("01-05T08:00 01-06T08:00", C), ("01-06T08:00 01-12T08:00", B)]


@pytest.mark.fault("F24", "somebody disabled in a rota")
def test_who_cannot_be_paged_is_passed_over() -> None:
    turns = rota.schedule(plan(layer(A, B), able=frozenset({B})), MONDAY, NEXT)
    assert said(turns) == [("01-05T08:00 01-12T08:00", B)]


def test_who_takes_over_comes_before_all_layers_and_the_later_word_counts() -> None:
    first = Turn(MONDAY + DAY, MONDAY + 3 * DAY, C)
    later = Turn(MONDAY + 2 * DAY, MONDAY + 4 * DAY, D)
    turns = rota.schedule(plan(layer(A), overrides=[later, first]), MONDAY, NEXT)
    assert said(turns) == [
        ("01-05T08:00 01-06T08:00", A),
        ("01-06T08:00 01-07T08:00", C),
        ("01-07T08:00 01-09T08:00", D),
        ("01-09T08:00 01-12T08:00", A),
    ]


def test_who_takes_over_and_is_away_does_not() -> None:
    over = Turn(MONDAY, MONDAY + 2 * DAY, C)
    away = {C: [(MONDAY + DAY, NEXT)]}
    turns = rota.schedule(plan(layer(A), overrides=[over], away=away), MONDAY, NEXT)
    assert said(turns) == [("01-05T08:00 01-06T08:00", C), ("01-06T08:00 01-12T08:00", A)]


def test_working_days_and_holidays_share_the_week_out() -> None:
    known = plan(
        layer(A, days=Days.WORKING, name="Working"),
        layer(B, days=Days.HOLIDAYS, name="Holidays"),
        holidays=frozenset({date(2026, 1, 6)}),  # a Tuesday
    )
    starts = utc("2026-01-04T23:00")
    turns = rota.schedule(known, starts, starts + 7 * DAY)
    found = [(f"{wall.local(t.starts, BERLIN):%a}", t.who, t.ends - t.starts) for t in turns]
    # The layer begins on Monday at nine.
    assert found == [("Mon", A, 15 * HOUR), ("Tue", B, DAY), ("Wed", A, 3 * DAY)]


def test_a_night_belongs_to_the_day_on_which_it_begins() -> None:
    nights = [Window(EVERY_DAY, time(22), time(6))]
    known = plan(
        layer(A, days=Days.HOLIDAYS, windows=nights), holidays=frozenset({date(2026, 1, 6)})
    )
    turns = rota.schedule(known, MONDAY, NEXT)
    assert said(turns) == [("01-06T21:00 01-07T05:00", A)]


def test_fixed_shifts_that_overlap_have_one_holder_at_a_time() -> None:
    shifts = [Turn(MONDAY, MONDAY + 2 * DAY, A), Turn(MONDAY + DAY, MONDAY + 3 * DAY, B)]
    turns = rota.schedule(plan(layer(fixed=shifts)), MONDAY, NEXT)
    assert said(turns) == [("01-05T08:00 01-07T08:00", A), ("01-07T08:00 01-08T08:00", B)]


# --- whatever the rota ----------------------------------------------------------------------------

ZONES = {  # with an instant near which its clocks change
    BERLIN: ("2026-03-29T01:00", "2026-10-25T01:00"),
    YORK: ("2026-03-08T07:00", "2026-11-01T06:00"),
    HOWE: ("2026-04-04T15:00", "2026-10-03T15:30"),
    APIA: ("2011-12-30T10:00", "2011-09-24T14:00"),
    ZoneInfo("UTC"): ("2026-12-31T23:00", "2024-02-28T23:00"),
}
CHANGES = [(zone, utc(text)) for zone, texts in ZONES.items() for text in texts]
QUARTERS = st.integers(-6 * 24 * 4, 6 * 24 * 4).map(lambda n: n * timedelta(minutes=15))


@st.composite
def turning(draw: st.DrawFn) -> tuple[ZoneInfo, datetime, Layer]:
    """A zone, the moment at which its clocks change, and an unrestricted layer around it."""
    zone, change = draw(st.sampled_from(CHANGES))
    begins = wall.local(change, zone) + draw(QUARTERS) - 8 * DAY
    length = draw(st.integers(1, 60).map(lambda n: n * HOUR) | st.sampled_from([DAY, WEEK]))
    people = draw(st.integers(1, 4))
    return zone, change, layer(*range(people), length=length, anchor=begins, starts="2000-01-01")


def by_the_highest_reading(one: Layer, zone: ZoneInfo, at: datetime) -> int:
    """Whose turn it is, found another way: the clock's highest reading so far counts, since what
    was shown once has been."""
    back = [
        at - n * timedelta(minutes=15) - s
        for n in range(9)
        for s in (0 * HOUR, timedelta.resolution)
    ]
    highest = max(wall.local(moment, zone) for moment in back)
    return one.people[(highest - one.anchor) // one.length % len(one.people)]


@settings(max_examples=150, deadline=None)
@given(turning(), QUARTERS)
def test_an_unrestricted_layer_has_exactly_one_holder_at_any_time(
    known: tuple[ZoneInfo, datetime, Layer], off: timedelta
) -> None:
    zone, change, one = known
    starts, ends = change - 2 * DAY, change + 2 * DAY
    everybody = plan(one, zone=zone, able=frozenset(one.people))
    turns = rota.schedule(everybody, starts, ends)
    assert (turns[0].starts, turns[-1].ends) == (starts, ends)
    assert all(earlier.ends == later.starts for earlier, later in pairwise(turns))
    assert sum((turn.ends - turn.starts for turn in turns), timedelta()) == ends - starts
    at = change + off / 4
    held = rota.holder(everybody, at)
    assert held is not None
    assert held.who == by_the_highest_reading(one, zone, at)
    if starts <= at < ends:
        assert [t.who for t in turns if t.starts <= at < t.ends] == [held.who]


def spans_within(starts: datetime) -> st.SearchStrategy[tuple[datetime, datetime]]:
    hours = st.tuples(st.integers(0, 95), st.integers(1, 40))
    return hours.map(lambda pair: (starts + pair[0] * HOUR, starts + sum(pair) * HOUR))


@settings(max_examples=60, deadline=None)
@given(turning(), st.data())
def test_the_final_schedule_is_the_highest_that_holds_at_each_instant(
    known: tuple[ZoneInfo, datetime, Layer], data: st.DataObject
) -> None:
    zone, change, one = known
    starts, ends = change - 2 * DAY, change + 2 * DAY
    night = Window(frozenset(data.draw(st.sets(st.integers(0, 6), min_size=1))), time(20), time(7))
    layers = (layer(A, B, starts="2000-01-03T07:00", length=DAY, windows=[night]), one)
    away = {
        who: joined([data.draw(spans_within(starts))])
        for who in data.draw(st.sets(st.integers(0, 4)))
    }
    over = [Turn(*data.draw(spans_within(starts)), who, "over") for who in (C, D)]
    able = frozenset({0, A, B, C, D})
    whole = plan(*layers, zone=zone, overrides=over, away=away, able=able)
    turns = rota.schedule(whole, starts, ends)
    holes = rota.gaps(turns, starts, ends)
    covered = sum((b - a for a, b in [*((t.starts, t.ends) for t in turns), *holes]), timedelta())
    assert covered == ends - starts
    alone = [
        *(replaced(whole, overrides=[turn], layers=()) for turn in over),
        *(replaced(whole, overrides=(), layers=[single]) for single in layers),
    ]
    for hour in range(0, 96, 5):
        at = starts + hour * HOUR
        wanted = next((held.who for p in alone if (held := rota.holder(p, at))), None)
        assert next((t.who for t in turns if t.starts <= at < t.ends), None) == wanted


def replaced(known: Plan, **changes: Any) -> Plan:
    from dataclasses import replace

    return replace(known, **changes)


@given(st.lists(spans_within(MONDAY)), st.lists(spans_within(MONDAY)))
def test_spans_are_added_and_taken_away_hour_by_hour(
    some: list[tuple[datetime, datetime]], others: list[tuple[datetime, datetime]]
) -> None:
    def hours(spans: list[tuple[datetime, datetime]]) -> set[datetime]:
        every = [MONDAY + n * HOUR for n in range(140)]
        return {hour for hour in every for a, b in spans if a <= hour < b}

    left, right = joined(some), joined(others)
    assert hours(left) == hours(some)
    assert hours(common(left, right)) == hours(some) & hours(others)
    assert hours(without(left, right)) == hours(some) - hours(others)
    for found in (left, common(left, right), without(left, right)):
        assert all(earlier[1] <= later[0] for earlier, later in pairwise(found))
