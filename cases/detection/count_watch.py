"""The whole of one count or ratio, fed once a minute. Pure; beside `watch`, which takes figures."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cases.detection.alarm import Alarm, Kind
from cases.detection.counts import VERSION, CountReading, Counts, Minute
from cases.detection.episodes import MINUTES, Episode, Hold, Step
from cases.detection.sessions import ROUND_THE_CLOCK, Session

THRESHOLD = 5.0  # -log10 p
EXTREME = 8.0


@dataclass(frozen=True)
class CountSettings:
    """What people set for a count; the threshold comes from `feedback.threshold`."""

    session: Session = ROUND_THE_CLOCK
    threshold: float = THRESHOLD
    hold: Hold = MINUTES
    both_ways: bool = False  # too few is an alarm as well


@dataclass(frozen=True, slots=True)
class CountVerdict:
    """What a minute came to."""

    reading: CountReading
    step: Step
    alarms: tuple[Alarm, ...] = ()

    @property
    def is_over(self) -> bool:
        """Whether the open anomaly ended with it."""
        return self.step is Step.ENDED


class CountWatch:
    """One watched count: so many a minute, or so many of so many."""

    def __init__(self, settings: CountSettings) -> None:
        self.settings = settings
        self.counts = Counts(both_ways=settings.both_ways)
        self.episode = Episode()

    def observe(self, at: datetime, minute: Minute) -> CountVerdict:
        """Judges the minute that began at `at`."""
        hours = "open" if self.settings.session.is_open(at) else "closed"
        reading = self.counts.feed(minute, hours)
        step = self.episode.feed(
            self.settings.hold,
            is_strange=reading.surprise >= self.settings.threshold,
            is_extreme=reading.surprise >= EXTREME,
        )
        alarms = (_alarm(at, reading),) if step is Step.BEGAN else ()
        return CountVerdict(reading, step, alarms)

    def band(self) -> tuple[float, float, float]:
        """What was expected of the last minute, and about how few and how many would be strange.

        The ends are those of a normal tail on the square root of the count, which is wide enough.
        """
        expected, spread = self.counts.last_expected()
        reach = math.sqrt(2.0 * math.log(10.0) * self.settings.threshold) / 2.0
        root = math.sqrt(expected / spread)
        return expected, spread * max(root - reach, 0.0) ** 2, spread * (root + reach) ** 2

    def accept(self) -> None:
        """A person said that this is how many there are to be: the anomaly ends, the rate moves."""
        self.counts.accept()
        self.episode = Episode()

    def state(self) -> dict[str, Any]:
        """Everything it remembers, as JSON holds it."""
        return {"counts": self.counts.state(), "episode": self.episode.state()}

    @classmethod
    def restored(cls, state: Mapping[str, Any], settings: CountSettings) -> CountWatch:
        """The one that had this state goes on as if it had never stopped."""
        watch = cls(settings)
        watch.counts = Counts.restored(state["counts"])
        watch.counts.both_ways = settings.both_ways
        watch.episode = Episode.restored(state["episode"])
        return watch


def _alarm(at: datetime, reading: CountReading) -> Alarm:
    of = "" if reading.tries is None else f" of {reading.tries:.0f}"
    minutes = "a minute" if reading.window == 1 else f"{reading.window} minutes"
    return Alarm(
        kind=Kind.COUNT,
        at=at,
        words=f"{reading.value:.0f}{of} in {minutes} where {reading.expected:.3g} were expected",
        model=VERSION,
        value=reading.value,
        expected=reading.expected,
        p=reading.p,
        surprise=reading.surprise,
        window=f"{reading.window} min",
    )
