"""Who is on call: the arithmetic of a rota. Pure: it is handed people as numbers, and reads no
row and no clock.

A layer's people take turns on the wall clock of the rota's zone (`wall` has the rule for the days
on which clocks change). A turn falls to the next person of the layer who can be paged and is not
away. What a layer leaves open, because it is not valid then or because nobody is left, falls to
the layer below; what all leave open is a gap. Whoever takes over comes before all layers, and of
two who take over the one who said so later.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum

from incidentdesk.kernel.wall import instant, local
from notifications.rotas.spans import Span, common, joined, without

DAY = timedelta(days=1)
MOMENT = timedelta(seconds=1)  # the shortest span that is looked at


class Days(StrEnum):
    """On which days a layer is valid; a window belongs to the day on which it begins."""

    ALL = "all"
    WORKING = "working"  # Monday to Friday, but no holiday
    HOLIDAYS = "holidays"


@dataclass(frozen=True)
class Window:
    """Hours of some weekdays (Monday is 0), on the wall; an end that is not later than the
    beginning is one of the next day."""

    weekdays: frozenset[int]
    starts: time
    ends: time


ALWAYS = Window(frozenset(range(7)), time(0), time(0))


@dataclass(frozen=True)
class Turn:
    """One person holds from an instant until before another; `source` says why, in words."""

    starts: datetime
    ends: datetime
    who: int
    source: str = ""


@dataclass(frozen=True)
class Layer:
    """People who take turns of one length. Times without a zone are on the rota's wall.

    `anchor` is a hand-over at or before `starts`, with which the first person's turn begins.
    `fixed` are turns that do not come from taking turns; nobody else of the layer takes them.
    It counts from `since` until `until`: what it was before, and is later, are layers of their own.
    `zone` and `holidays` are those of the plan, unless they were others then.
    """

    name: str
    people: Sequence[int]
    length: timedelta
    anchor: datetime
    starts: datetime
    ends: datetime | None = None
    windows: Sequence[Window] = ()
    days: Days = Days.ALL
    fixed: Sequence[Turn] = ()
    since: datetime | None = None
    until: datetime | None = None
    zone: tzinfo | None = None
    holidays: AbstractSet[date] | None = None


@dataclass(frozen=True)
class Plan:
    """A rota: its layers from the highest, and what comes before them.

    `overrides` begin with the one that counts first. `able` are the people who can be paged at all,
    `away` are spans, sorted and apart.
    """

    zone: tzinfo
    layers: Sequence[Layer]
    able: AbstractSet[int]
    overrides: Sequence[Turn] = ()
    away: Mapping[int, Sequence[Span]] = field(default_factory=dict)
    holidays: AbstractSet[date] = frozenset()


def anchor(starts_on: date, hands_over: time, weekday: int | None) -> datetime:
    """The hand-over at or before the one of `starts_on`: that day, or the last such weekday."""
    back = 0 if weekday is None else (starts_on.weekday() - weekday) % 7
    return datetime.combine(starts_on - back * DAY, hands_over)


def schedule(plan: Plan, starts: datetime, ends: datetime) -> list[Turn]:
    """Who holds in the span, in order; what no turn covers is a gap (`gaps`)."""
    free: list[Span] = [(starts, ends)]
    found: list[Turn] = []
    offers = [[turn] for turn in plan.overrides]
    for turns in (*offers, *(layer_turns(plan, one, starts, ends) for one in plan.layers)):
        held = list(_held(plan, turns, free))
        found += held
        free = without(free, joined((turn.starts, turn.ends) for turn in held))
    return _merged(sorted(found, key=lambda turn: turn.starts))


def holder(plan: Plan, at: datetime) -> Turn | None:
    """The turn that covers this instant, cut to a moment; None in a gap."""
    return next(iter(schedule(plan, at, at + MOMENT)), None)


def gaps(turns: Iterable[Turn], starts: datetime, ends: datetime) -> list[Span]:
    """The time of the span in which nobody holds."""
    return without([(starts, ends)], joined((turn.starts, turn.ends) for turn in turns))


def shifts(layer: Layer, zone: tzinfo, starts: datetime, ends: datetime) -> Iterator[Turn]:
    """The layer's turns by the wall alone, whoever is away: `who` is the place in the order, from
    0. Turns that the clocks jump over are no time at all and are left out."""
    first = max(starts, instant(layer.starts, zone))
    last = ends if layer.ends is None else min(ends, instant(layer.ends, zone))
    number = _number(layer, zone, first)
    while layer.people and (begins := _hand_over(layer, zone, number)) < last:
        next_one = _hand_over(layer, zone, number + 1)
        place = number % len(layer.people)
        if max(begins, first) < min(next_one, last):
            yield Turn(max(begins, first), min(next_one, last), place, layer.name)
        number += 1


def layer_turns(plan: Plan, layer: Layer, starts: datetime, ends: datetime) -> list[Turn]:
    """Who would hold if there were only this layer."""
    starts, ends = max(starts, layer.since or starts), min(ends, layer.until or ends)
    if starts >= ends:
        return []
    zone = layer.zone or plan.zone
    valid = _valid(plan, layer, zone, starts, ends)
    found = [
        turn
        for shift in shifts(layer, zone, starts, ends)
        for span in _within(shift, valid)
        for turn in _first_who_is_there(plan, layer, replace(shift, starts=span[0], ends=span[1]))
    ]
    found += _held(plan, layer.fixed, valid)
    return sorted(found, key=lambda turn: turn.starts)


def _hand_over(layer: Layer, zone: tzinfo, number: int) -> datetime:
    return instant(layer.anchor + number * layer.length, zone)


def _number(layer: Layer, zone: tzinfo, at: datetime) -> int:
    """Which turn it is; the wall says it nearly, the instants exactly."""
    number = (local(at, zone) - layer.anchor) // layer.length
    while _hand_over(layer, zone, number) > at:
        number -= 1
    while _hand_over(layer, zone, number + 1) <= at:
        number += 1
    return number


def _valid(plan: Plan, layer: Layer, zone: tzinfo, starts: datetime, ends: datetime) -> list[Span]:
    """The time of the span in which the layer is valid."""
    if not layer.windows and layer.days == Days.ALL:
        return [(starts, ends)]
    off = plan.holidays if layer.holidays is None else layer.holidays
    first = local(starts, zone).date() - DAY  # a night that began the day before
    days = (local(ends, zone).date() - first).days + 1
    open_spans = [
        _on(window, day, zone)
        for day in (first + number * DAY for number in range(days))
        if _is_valid_on(layer.days, day, off)
        for window in layer.windows or (ALWAYS,)
        if day.weekday() in window.weekdays
    ]
    return common(joined(open_spans), [(starts, ends)])


def _is_valid_on(days: Days, day: date, off: AbstractSet[date]) -> bool:
    if days == Days.ALL:
        return True
    return day in off if days == Days.HOLIDAYS else day.weekday() < 5 and day not in off


def _on(window: Window, day: date, zone: tzinfo) -> Span:
    last = day if window.starts < window.ends else day + DAY
    return (
        instant(datetime.combine(day, window.starts), zone),
        instant(datetime.combine(last, window.ends), zone),
    )


def _within(turn: Turn, spans: Sequence[Span]) -> list[Span]:
    """The parts of a turn that lie in the spans."""
    return common([(turn.starts, turn.ends)], spans)


def _first_who_is_there(plan: Plan, layer: Layer, shift: Turn) -> Iterator[Turn]:
    """Whose turn it is, or who stands in: the next in the order who is there, part by part."""
    free: list[Span] = [(shift.starts, shift.ends)]
    order = [*layer.people[shift.who :], *layer.people[: shift.who]]
    for who in dict.fromkeys(order):
        if who not in plan.able or not free:
            continue
        there = without(free, plan.away.get(who, ()))
        yield from (Turn(starts, ends, who, shift.source) for starts, ends in there)
        free = without(free, there)


def _held(plan: Plan, turns: Iterable[Turn], free: Sequence[Span]) -> Iterator[Turn]:
    """Of these turns what falls into free time, while their people are there; of two at the same
    time the first."""
    for turn in turns:
        if turn.who in plan.able:
            there = without(_within(turn, free), plan.away.get(turn.who, ()))
            yield from (replace(turn, starts=starts, ends=ends) for starts, ends in there)
            free = without(free, there)


def _merged(turns: Iterable[Turn]) -> list[Turn]:
    """Turns of one person for one reason that follow one another are one."""
    found: list[Turn] = []
    for turn in turns:
        last = found[-1] if found else None
        if last and (last.ends, last.who, last.source) == (turn.starts, turn.who, turn.source):
            found[-1] = replace(last, ends=turn.ends)
        else:
            found.append(turn)
    return found
