"""What a watch would have said of stored figures, before it is switched on. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from cases.detection.alarm import Alarm
from cases.detection.detector import Reading
from cases.detection.watch import Settings, Watch

SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Replay:
    """The alarms and notes, each figure's reading, and the watch as it is after all of them."""

    alarms: tuple[Alarm, ...]
    readings: tuple[tuple[datetime, Reading], ...]
    watch: Watch


def replay(settings: Settings, figures: Iterable[tuple[datetime, float]]) -> Replay:
    """Figures in their order; what the watch refuses is left out. Asks for silence in between."""
    watch = Watch(settings)
    alarms: list[Alarm] = []
    readings: list[tuple[datetime, Reading]] = []
    for at, value in figures:
        if watch.refuses(at, value):
            continue
        for moment in _asked(watch, at):
            alarms += watch.tick(moment).alarms
        verdict = watch.observe(at, value)
        alarms += verdict.alarms
        if verdict.reading is not None:
            readings.append((at, verdict.reading))
    return Replay(tuple(alarms), tuple(readings), watch)


def _asked(watch: Watch, at: datetime) -> Iterator[datetime]:
    """When silence would have been seen: as soon as it was too long, at the latest now."""
    last, allowed = watch.presence.last_at, watch.presence.silent_after()
    if last is not None and allowed is not None and last + allowed < at:
        yield last + allowed + SECOND
        yield at
