"""What each kind of rule finds, and what it lets pass. Pure; no database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cases.access import rules
from cases.access.seen import Seen, bursts

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)  # a Wednesday
A, B = "203.0.113.9", "198.51.100.7"
numbers = count(1)


@dataclass
class R:
    """The values of a rule."""

    kind: str
    times: Any = None
    minutes: Any = None
    days: Any = None
    factor: Any = None
    starts: Any = None
    ends: Any = None
    zone: str = "UTC"


def seen(minute: float = 0, actor: str = "root", outcome: str = "failure", **more: Any) -> Seen:
    at = NOON + timedelta(minutes=minute)
    known = {"source_id": 1, "action": "ssh login", "address": A, **more}
    return Seen(id=next(numbers), at=at, actor=actor, outcome=outcome, **known)


def found(rule: R, *events: Seen) -> list[tuple[str, int]]:
    """Whose doing, and how many events."""
    return [(one.subject, len(one.events)) for one in rules.find(rule, events)]


ADDRESS = R("address", times=3, minutes=10)


def test_so_many_failures_from_one_address_whatever_accounts_it_tries():
    tries = [seen(n, actor=name) for n, name in enumerate(("root", "admin", "pi", "git"))]
    assert found(ADDRESS, *tries) == [(A, 4)]
    assert found(ADDRESS, *tries[:2]) == []
    assert found(ADDRESS, *tries[:2], seen(3, address=B)) == []
    assert found(ADDRESS, *tries[:2], seen(3, outcome="success")) == []
    assert found(ADDRESS, seen(0), seen(5), seen(10)) == [(A, 3)]
    assert found(ADDRESS, seen(0), seen(5), seen(10.1)) == []
    assert found(ADDRESS, *(seen(n, address=None) for n in range(9))) == []


def test_two_bursts_are_two_findings_and_a_long_one_is_one():
    long = [seen(n * 4) for n in range(30)]
    assert found(ADDRESS, *long, *(seen(300 + n) for n in range(3))) == [(A, 30), (A, 3)]
    assert found(ADDRESS, *(seen(n) for n in range(3)), *(seen(30 + n) for n in range(3))) == [
        (A, 3),
        (A, 3),
    ]


def test_events_may_come_in_any_order():
    tries = [seen(n) for n in range(5)]
    assert found(ADDRESS, *reversed(tries)) == found(ADDRESS, *tries) == [(A, 5)]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.integers(0, 200), max_size=40), st.integers(1, 5), st.integers(1, 30))
def test_an_event_is_in_a_burst_exactly_if_it_is_one_of_so_many_in_the_window(at, n, minutes):
    window = timedelta(minutes=minutes)
    events = [seen(minute) for minute in sorted(at)]
    inside = {one.id for burst in bursts(events, n, window) for one in burst}
    expected = {
        one.id
        for start in range(len(events) - n + 1)
        if events[start + n - 1].at - events[start].at <= window
        for one in events[start : start + n]
    }
    assert inside == expected


def test_so_many_failures_for_one_account_of_a_source_wherever_from():
    rule = R("account", times=3, minutes=10)
    tries = [seen(n, address=f"10.0.0.{n}") for n in range(3)]
    assert found(rule, *tries) == [("1:root", 3)]
    assert found(rule, *tries[:2], seen(3, source_id=2)) == []  # root of another host
    assert found(rule, *(seen(n, actor="") for n in range(9))) == []


def test_a_success_after_failures_of_the_account_or_from_its_address():
    rule = R("entered", times=3, minutes=10)
    own = [seen(n, address=f"10.0.0.{n}") for n in range(3)]
    near = [seen(n, actor=f"user{n}") for n in range(3)]
    success = seen(5, outcome="success")
    assert found(rule, *own, success) == found(rule, *near, success) == [("1:root", 4)]
    early = seen(-1, outcome="success")
    assert found(rule, *own[:2], success) == found(rule, *own) == found(rule, early, *own) == []
    assert found(rule, *own, seen(13, outcome="success")) == []
    assert found(rule, *own, success, seen(6, outcome="success")) == [("1:root", 4)]  # told once
    assert found(rule, *own, seen(5, "kim", "success", address=B)) == []


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(
            st.integers(0, 30),
            st.sampled_from(("root", "kim", "")),
            st.sampled_from((A, B, None)),
            st.sampled_from(("failure", "failure", "success")),
        ),
        max_size=40,
    ),
    st.integers(1, 4),
)
def test_a_success_counts_each_failure_before_it_that_was_not_told(said, times):
    rule = R("entered", times=times, minutes=10)
    events = [seen(at, who, what, address=place) for at, who, place, what in sorted(said, key=str)]
    told: set[int] = set()
    expected = []
    for event in sorted(events, key=lambda one: (one.at, one.id)):
        before = [
            one.id
            for one in sorted(events, key=lambda one: (one.at, one.id))
            if (one.at, one.id) < (event.at, event.id)
            and (one.outcome, one.id in told) == ("failure", False)
            and event.at - one.at <= timedelta(minutes=10)
            and (one.actor == event.actor or (event.address and one.address == event.address))
        ]
        if event.outcome == "success" and event.actor and len(before) >= times:
            told |= set(before)
            expected.append([*before, event.id])
    assert [[one.id for one in each.events] for each in rules.find(rule, events)] == expected


def test_any_use_of_what_is_disabled_those_within_an_hour_as_one():
    uses = [seen(m, "old-key", "barred") for m in (0, 30, 80, 200)]
    assert found(R("barred"), *uses, seen(1), seen(2, outcome="success")) == [
        ("1:old-key", 3),
        ("1:old-key", 1),
    ]


def admin(minute: float, action: str = "changed person", actor: str = "kim") -> Seen:
    return seen(minute, actor, "success", action=action, is_privileged=True)


def test_the_first_admin_action_of_a_person_and_again_after_so_many_days():
    rule, day = R("first", days=10), 24 * 60
    assert found(rule, admin(0), admin(5), admin(6, "exported"), admin(9 * day)) == [
        ("1:kim", 1),
        ("1:kim", 1),
    ]
    assert found(rule, admin(0), admin(11 * day)) == [("1:kim", 1), ("1:kim", 1)]
    assert found(rule, seen(0, "kim", "success")) == []


def test_more_than_one_s_own_busiest_stretch_times_so_much():
    rule = R("volume", times=10, minutes=60, factor=3, days=28)

    def reads(hour: int, n: int, actor: str = "kim") -> list[Seen]:
        more = {"action": "read", "is_reading": True}
        return [seen(hour * 60 + k * 0.1, actor, "success", **more) for k in range(n)]

    assert found(rule, *reads(0, 5), *reads(24, 15)) == []
    assert found(rule, *reads(0, 5), *reads(24, 16)) == [("1:kim", 16)]
    assert found(rule, *reads(0, 2), *reads(24, 9)) == []  # too few to speak of
    assert found(rule, *reads(0, 5), *reads(1, 5, "bo"), *reads(24, 12, "bo")) == []
    assert found(rule, *reads(0, 20)) == [("1:kim", 20)]  # never seen before
    busy = [*reads(0, 5), *reads(24, 16), *reads(48, 16)]
    assert found(rule, *busy) == [("1:kim", 16), ("1:kim", 16)]  # it does not get used to it
    assert found(rule, *reads(0, 20), *reads(29 * 24, 20)) == [("1:kim", 20), ("1:kim", 20)]


@pytest.mark.parametrize(
    ("at", "is_outside"),
    [
        ("2026-03-04T06:59:59+01:00", True),
        ("2026-03-04T07:00:00+01:00", False),
        ("2026-03-04T19:59:59+01:00", False),
        ("2026-03-04T20:00:00+01:00", True),
        ("2026-03-07T12:00:00+01:00", True),  # a Saturday
        ("2026-07-01T05:30:00+00:00", False),  # summer: 7:30 there
    ],
)
def test_privileged_access_outside_the_hours_of_its_zone(at, is_outside):
    rule = R("hours", starts=time(7), ends=time(20), zone="Europe/Berlin")
    minute = (datetime.fromisoformat(at) - NOON).total_seconds() / 60
    assert found(rule, admin(minute), seen(minute)) == ([("1:kim", 1)] if is_outside else [])


def test_a_partner_s_key_from_a_network_that_is_new_to_it():
    rule = R("network", days=90)

    def use(minute: float, network: str, actor: str = "key 1") -> Seen:
        return seen(minute, actor, "success", action="api", network=network, is_key=True)

    known, new = "10.0.0.0/24", "203.0.113.0/24"
    assert found(rule, use(0, known), use(1, known)) == []
    assert found(rule, use(0, known), use(1, new), use(2, new)) == [("1:key 1", 1)]
    assert found(rule, use(0, known, "key 2"), use(1, new)) == []  # its very first use
    assert found(rule, seen(0, network=known), seen(1, network=new)) == []  # nobody's key


def test_every_kind_explains_itself_with_its_values():
    values = {"times": 7, "minutes": 15, "days": 30, "factor": 4}
    hours = {"starts": time(7), "ends": time(20), "zone": "Europe/Berlin"}
    said = {kind: rules.explain(R(kind, **values, **hours)) for kind in rules.KINDS}
    assert said["address"] == (
        "One address fails 7 times within 15 minutes, whatever accounts it tries."
    )
    assert "outside 07:00 to 20:00 (Europe/Berlin)" in said["hours"]
    for kind, words in said.items():
        assert not {"None", "{"} & set(words.split(" ")), kind
        uses = set(rules.KINDS[kind].uses) & set(values)
        assert {name for name in values if str(values[name]) in words} >= uses, kind
