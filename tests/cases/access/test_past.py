"""What a rule is given of the past, where an account has more of it than a rule is ever given."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest

from cases.access import judging, rules, stored
from cases.access.seen import Seen
from cases.models import AccessEvent, AccessRule
from tests.cases.access.conftest import line

pytestmark = pytest.mark.django_db
DAY = 24 * 60


@pytest.fixture(autouse=True)
def _few(monkeypatch) -> None:
    """Of an account a rule that counts is given three events."""
    monkeypatch.setattr(stored, "MOST_PAST", 3)


@pytest.fixture
def found(post):
    """`found(rule, line, …)`: what it finds in these lines, when all others were stored before."""

    def judged(rule: AccessRule, *lines: dict[str, Any]) -> list[tuple[str, int]]:
        known = set(AccessEvent.objects.values_list("pk", flat=True))
        post(*lines)
        fresh = [stored.seen(row) for row in AccessEvent.objects.exclude(pk__in=known)]
        return [(one.title, one.number) for one in judging.find(rule, fresh)]

    return judged


def use(minute: float, network: int = 1, **more: Any) -> dict[str, Any]:
    """A use of a partner's key."""
    said = {"actor": "key 7", "action": "api", "outcome": "success", "partner": "HELIX"}
    return line(minute, ip=f"10.0.{network}.5", **said | more)


def admin(minute: float, action: str, **more: Any) -> dict[str, Any]:
    said = {"actor": "kim", "outcome": "success", "privileged": True, "action": action}
    return line(minute, **said | more)


def reads(minute: float, number: int, **more: Any) -> list[dict[str, Any]]:
    said = {"actor": "kim", "outcome": "success", "action": "read", **more}
    return [line(minute + n * 0.1, **said) for n in range(number)]


def test_a_network_that_was_known_long_ago_is_not_new_however_much_came_since(post, found):
    rule = AccessRule.objects.get(kind="network")
    post(use(-20 * DAY, 2), *(use(-DAY + n) for n in range(8)))
    post(*(use(-DAY + n, 3, actor="key 8") for n in range(8)))
    assert found(rule, use(0, 2), use(1, 1)) == []
    assert found(rule, use(2, 3)) == [("key 7 came from 10.0.3.0/24, new", 1)]
    assert found(rule, use(2, 4, actor="key 9")) == []  # its very first


def test_a_line_that_comes_late_is_held_against_what_was_before_it(post, found):
    rule = AccessRule.objects.get(kind="network")
    post(use(-3 * DAY, 1), *(use(-DAY + n, 2) for n in range(8)))
    assert found(rule, use(-2 * DAY, 2)) == [("key 7 came from 10.0.2.0/24, new", 1)]
    assert found(rule, use(-100 * DAY, 1)) == []  # before all that was known


def test_an_action_that_was_done_long_ago_is_no_first_however_much_came_since(post, found):
    rule = AccessRule.objects.get(kind="first")
    post(admin(-20 * DAY, "changed role"), *(admin(-DAY + n, "sudo") for n in range(8)))
    post(admin(-DAY, "made token", actor="bo"), admin(-DAY, "made token", privileged=False))
    assert found(rule, admin(0, "changed role"), admin(1, "sudo")) == []
    assert found(rule, admin(2, "made token")) == [("kim did “made token”, a first time", 1)]


@pytest.mark.parametrize("kind", ["network", "first"])
def test_what_is_found_is_what_all_that_is_stored_tells(post, found, kind):
    rule = AccessRule.objects.get(kind=kind)
    rule.days = 3
    dice = random.Random(kind)

    def some(number: int) -> list[dict[str, Any]]:
        return [
            use(
                -dice.randrange(8 * DAY),
                dice.randrange(4),
                actor=dice.choice(("key 1", "key 2")),
                action=dice.choice(("sudo", "changed role")),
                privileged=True,
            )
            for _ in range(number)
        ]

    post(*some(40))
    titles = sorted(title for title, _ in found(rule, *some(20)))
    rows = AccessEvent.objects.order_by("id")
    fresh = {row.pk for row in list(rows)[40:]}
    all_of_them = rules.find(rule, map(stored.seen, rows))
    assert titles == sorted(one.title for one in all_of_them if one.events[0].id in fresh)
    assert titles


def test_a_busy_stretch_of_long_ago_is_the_measure_and_each_is_counted_whole(post, found):
    rule = AccessRule.objects.get(kind="volume")
    rule.times, rule.minutes, rule.factor, rule.days = 10, 60, 2, 28
    post(*reads(-20 * DAY, 8), *reads(-DAY, 4), *reads(-DAY, 40, actor="bo"))
    assert found(rule, *reads(0, 9)) == []
    assert found(rule, *reads(2, 7)) == []  # 16 by now, twice as many as once
    assert found(rule, *reads(4, 1)) == [("kim took out 17 items, at most 8 before", 17)]
    assert found(rule, *reads(6, 2)) == [("kim took out 19 items, at most 8 before", 19)]
    assert found(rule, *reads(600, 30)) == [("kim took out 30 items, at most 8 before", 30)]


def test_a_stretch_is_given_event_by_event_where_it_is_judged_and_else_as_one(post):
    rule = AccessRule.objects.get(kind="volume")
    rule.times, rule.minutes, rule.factor, rule.days = 10, 60, 2, 28
    post(*reads(-DAY, 6), *reads(0, 5))
    rows = [stored.seen(row) for row in AccessEvent.objects.order_by("at")]
    old, new = rows[:6], rows[6:]
    around = sorted(stored.around(rule, [new[-1]]), key=lambda one: one.at)
    assert [(one.id, one.stands_for) for one in around] == [
        (old[0].id, 6),
        (new[0].id, 3),  # and two of which nothing else is told
        (new[3].id, 1),
        (new[4].id, 1),
    ]


def test_of_kinds_that_count_the_newest_are_given(post):
    rule = AccessRule.objects.get(kind="account")
    post(*(line(n) for n in range(6)), *(line(n, actor="bo", outcome="success") for n in range(6)))
    rows: list[Seen] = [stored.seen(row) for row in AccessEvent.objects.filter(outcome="failure")]
    around = stored.around(rule, [max(rows, key=lambda one: one.at)])
    newest = sorted(rows, key=lambda one: one.at)[-3:]
    assert sorted(one.id for one in around) == sorted(one.id for one in newest)
    assert newest[-1].at - newest[0].at == timedelta(minutes=2)
