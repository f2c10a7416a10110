"""Synthetic trading days: what a venue's figures look like minute by minute when nothing is wrong.

Times are the venue's (London, 08:00 to 16:30, Monday to Friday). Days begin on 5 January 2026.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from cases.detection.alarm import Alarm
from cases.detection.sessions import WEEKDAYS, Session
from cases.detection.watch import Settings, Watch

LONDON = ZoneInfo("Europe/London")
VENUE = Session("Europe/London", time(8), time(16, 30), WEEKDAYS)
MONDAY = datetime(2026, 1, 5, tzinfo=LONDON)
MINUTE = timedelta(minutes=1)
Figure = Callable[[datetime], float]
Change = Callable[[datetime, float], float | None]


def minutes(first: datetime, days: int, session: Session = VENUE) -> Iterator[datetime]:
    """Every minute in which the venue trades, of so many days, in UTC."""
    for day in range(days):
        midnight = (first + timedelta(days=day)).replace(hour=0, minute=0)
        at, end = midnight.astimezone(UTC), (midnight + timedelta(days=1)).astimezone(UTC)
        while at < end:
            if session.is_open(at):
                yield at
            at += MINUTE


def of_the_day(at: datetime) -> float:
    """1 at the opening and at the close, 0 at noon: the smile of a trading day."""
    local = at.astimezone(LONDON)
    return min(((local.hour * 60 + local.minute - 735) / 255) ** 2, 1.0)


def latency(seed: int) -> Figure:
    """Milliseconds, skewed; slower when it is busy."""
    chance = random.Random(seed)
    return lambda at: (4 + 3 * of_the_day(at)) * math.exp(chance.gauss(0, 0.1))


def orders(seed: int, usual: float = 400.0) -> Figure:
    """Orders a minute, a count that is large."""
    chance = random.Random(seed)

    def figure(at: datetime) -> float:
        mean = usual * (0.6 + of_the_day(at))
        return max(0.0, round(chance.gauss(mean, 2 * math.sqrt(mean))))

    return figure


def queue(seed: int) -> Figure:
    """A queue's length, in which each minute resembles the one before."""
    chance = random.Random(seed)
    state = [0.0]

    def figure(at: datetime) -> float:
        state[0] = 0.8 * state[0] + chance.gauss(0, 3)
        return 60 + 30 * of_the_day(at) + state[0]

    return figure


FAMILIES = (latency, orders, queue)


def run(
    watch: Watch,
    figure: Figure,
    first: datetime,
    days: int,
    change: Change = lambda _at, value: value,
    session: Session = VENUE,
) -> list[Alarm]:
    """The alarms that page over so many days; `change` makes what is wrong, None is no figure."""
    alarms: list[Alarm] = []
    for at in minutes(first, days, session):
        value = change(at, figure(at))
        verdict = watch.tick(at) if value is None else watch.observe(at, value)
        alarms += verdict.alarms
    return [alarm for alarm in alarms if alarm.pages]


def learned(family: Callable[[int], Figure], seed: int, days: int = 21) -> tuple[Watch, Figure]:
    """A series after three quiet weeks, and what it goes on with."""
    watch, figure = Watch(Settings(session=VENUE)), family(seed)
    run(watch, figure, MONDAY, days)
    return watch, figure
