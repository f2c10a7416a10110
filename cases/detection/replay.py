"""Figures fed to a watch in their order, and what came of it: for the job, and for a back-test
before a series is switched on. Pure; both go the same way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cases.detection.alarm import Alarm
from cases.detection.count_watch import CountWatch
from cases.detection.counts import Minute
from cases.detection.watch import Watch

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Ended:
    """The open anomaly is over."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Band:
    """What was expected of the figure of a moment."""

    at: datetime
    expected: float
    low: float
    high: float


@dataclass
class Course:
    """What came of figures: alarms, notes and ends in their order, and each figure's band."""

    told: list[Alarm | Ended] = field(default_factory=list)
    bands: list[Band] = field(default_factory=list)

    @property
    def alarms(self) -> list[Alarm]:
        """Alarms and notes."""
        return [one for one in self.told if isinstance(one, Alarm)]


def replay(
    watch: Watch,
    figures: Iterable[tuple[datetime, float]],
    *,
    until: datetime | None = None,
    asks: bool = True,
) -> Course:
    """Feeds figures; what the watch refuses is left out. Asks for silence in between and, up to
    `until`, after the last one; not at all where a series may be silent."""
    course = Course()
    for at, value in figures:
        if watch.refuses(at, value):
            continue
        if asks:
            _ask(watch, at, course)
        verdict = watch.observe(at, value)
        course.told += [Ended(at)] * (verdict.ended is not None) + list(verdict.alarms)
        if (reading := verdict.reading) is not None:
            course.bands.append(Band(at, reading.expected, reading.low, reading.high))
    if asks and until is not None:
        _ask(watch, until, course)
    return course


def replay_minutes(
    watch: CountWatch,
    minutes: Mapping[datetime, Minute],
    *,
    nothing: Minute,
    since: datetime,
    until: datetime,
) -> Course:
    """Feeds every minute that began since `since` and ended by `until`. `minutes` has those in
    which something happened, by their beginning; in the others it was `nothing`."""
    course = Course()
    at = since
    while at + MINUTE <= until:
        verdict = watch.observe(at, minutes.get(at, nothing))
        course.told += [Ended(at)] * verdict.is_over + list(verdict.alarms)
        expected, low, high = watch.band()
        course.bands.append(Band(at, expected, low, high))
        at += MINUTE
    return course


def _ask(watch: Watch, until: datetime, course: Course) -> None:
    for moment in _moments(watch, until):
        course.told += watch.tick(moment).alarms


def _moments(watch: Watch, until: datetime) -> Iterator[datetime]:
    """When silence would have been seen: as soon as it was too long, at the latest now."""
    last, allowed = watch.presence.last_at, watch.presence.silent_after()
    if last is not None and allowed is not None and last + allowed < until:
        yield last + allowed + SECOND
        yield until
