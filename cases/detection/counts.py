"""Ratios and counts: so many of so many, held against the usual rate. Pure.

A ratio of small numbers means nothing, so none is ever taken. Rejects of orders are tested with a
binomial tail, failed logins with a Poisson tail, over the last 1, 5 and 60 minutes, and the rarest
of the three windows speaks for all. The usual rate belongs to hours (the venue trades, it does
not) and is only as well known as the cases it comes from. Where minutes, or hours, differ more than
chance allows, their cases count for less by that much.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cases.detection.chance import BetaBinomial, GammaPoisson, too_few, too_many

VERSION = "counts 1"
WINDOWS = (1, 5, 60)  # minutes
LEAST = 20  # of how many, before a ratio is looked at
MEMORY = 7 * 24 * 60  # minutes of such hours after which the past counts e times less
KNOWN_AFTER = 60  # minutes of such hours before anything is said
PRIOR = 0.5
DISPERSION_WEIGHT = 0.002
MOST_EXCESS = 25.0
MOST_RATE = (1.0 - 1e-9, math.inf)  # of a share, which chance leaves room; of a plain count
STRANGE = 5.0  # -log10 p from which a minute is not learned


@dataclass(frozen=True, slots=True)
class Minute:
    """What happened in one minute: `bad` of `tries`; a plain count has no tries."""

    bad: int
    tries: int | None = None

    def __post_init__(self) -> None:
        if self.bad < 0 or (self.tries is not None and self.tries < self.bad):
            raise ValueError(f"{self.bad} of {self.tries} cannot be.")


@dataclass(frozen=True, slots=True)
class CountReading:
    """The rarest window of a minute, as the reading of a figure has it."""

    value: float
    expected: float
    surprise: float
    window: int  # minutes
    tries: float | None = None

    @property
    def p(self) -> float:
        """How probable a count as far from what is expected is."""
        return math.pow(10.0, -self.surprise)


class Counts:
    """The last hour of one count, minute by minute, and its usual rate by hours."""

    __slots__ = ("both_ways", "dispersion", "hours", "minutes", "rates")

    def __init__(self, *, both_ways: bool = False) -> None:
        self.both_ways = both_ways  # too few is an alarm as well
        self.minutes: list[tuple[float, float | None, float]] = []  # bad, tries, expected
        self.rates: dict[str, list[float]] = {}  # hours: bad, tries, minutes
        self.hours = ""  # of the last minute
        self.dispersion = [[1.0, 0.0] for _ in WINDOWS]  # how much, from how many minutes

    def feed(self, minute: Minute, hours: str = "") -> CountReading:
        """The reading of the next minute; what is not strange moves the usual rate.

        Every minute is fed, also one in which nothing happened.
        """
        self.hours = hours
        known = self.rates.setdefault(hours, [0.0, 0.0, 0.0])
        tries = 1.0 if minute.tries is None else float(minute.tries)
        rate = min((known[0] + PRIOR) / (known[1] + 2 * PRIOR), MOST_RATE[minute.tries is None])
        self.minutes.append((minute.bad, minute.tries, rate * tries))
        del self.minutes[: -WINDOWS[-1]]
        if known[2] < KNOWN_AFTER:
            reading = CountReading(minute.bad, rate * tries, 0.0, 1, minute.tries)
        else:
            reading = self._read(known)
        if reading.surprise < STRANGE:
            kept = 1.0 - 1.0 / MEMORY
            known[0], known[1] = known[0] * kept + minute.bad, known[1] * kept + tries
            known[2] += 1.0
        return reading

    def last_expected(self) -> tuple[float, float]:
        """How many were expected in the last minute, and how much wider than chance they spread."""
        return self.minutes[-1][2], max(1.0, self.dispersion[0][0])

    def accept(self) -> None:
        """The rate of the last hour is the usual one of these hours from now on, as well known as
        an hour tells it; what was strange in it is not held against what comes."""
        bad = sum(minute[0] for minute in self.minutes)
        tries = sum(1.0 if minute[1] is None else minute[1] for minute in self.minutes)
        self.rates[self.hours] = [bad, tries, float(max(KNOWN_AFTER, len(self.minutes)))]
        self.minutes = []

    def state(self) -> dict[str, Any]:
        """Everything it remembers, as JSON holds it."""
        return {
            "version": VERSION,
            "both_ways": self.both_ways,
            "hours": self.hours,
            "minutes": [[*minute] for minute in self.minutes],
            "rates": {hours: [*known] for hours, known in self.rates.items()},
            "dispersion": [[*known] for known in self.dispersion],
        }

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> Counts:
        """The one that had this state; of another version nothing can be taken over."""
        counts = cls(both_ways=state["both_ways"])
        if state["version"] == VERSION:
            counts.hours = state["hours"]
            counts.minutes = [(bad, tries, usual) for bad, tries, usual in state["minutes"]]
            counts.rates = {hours: [*known] for hours, known in state["rates"].items()}
            counts.dispersion = [[*known] for known in state["dispersion"]]
        return counts

    def _read(self, known: list[float]) -> CountReading:
        rarest = self._window(0, known)
        for place in range(1, len(WINDOWS)):
            if len(self.minutes) < WINDOWS[place]:
                break
            reading = self._window(place, known)
            if reading.surprise > rarest.surprise:
                rarest = reading
        return rarest

    def _window(self, place: int, known: list[float]) -> CountReading:
        last = self.minutes[-WINDOWS[place] :]
        bad = sum(minute[0] for minute in last)
        expected = sum(minute[2] for minute in last)
        tries = None if last[-1][1] is None else sum(minute[1] or 0.0 for minute in last)
        if tries is not None and tries < LEAST:
            return CountReading(bad, expected, 0.0, WINDOWS[place], tries)
        spread = max(1.0, self.dispersion[place][0])
        chance: GammaPoisson | BetaBinomial
        if tries is None:
            chance = GammaPoisson(expected / spread, (known[0] + PRIOR) / spread)
            variance = expected
        else:
            chance = BetaBinomial(tries / spread, expected / tries, (known[1] + 1.0) / spread)
            variance = expected * (1.0 - expected / tries)
        surprise = too_many(chance, bad / spread)
        if self.both_ways and bad < expected:
            surprise = too_few(chance, bad / spread)
        surprise = max(surprise - math.log10(len(WINDOWS)), 0.0)  # one of three looks was chosen
        if surprise < STRANGE:
            self._disperse(place, (bad - expected) ** 2 / variance)
        return CountReading(bad, expected, surprise, WINDOWS[place], tries)

    def _disperse(self, place: int, excess: float) -> None:
        """How much wider than chance, as a mean that forgets, over hours longer than minutes."""
        known = self.dispersion[place]
        known[1] += 1.0
        weight = max(DISPERSION_WEIGHT / math.sqrt(WINDOWS[place]), 1.0 / known[1])
        known[0] += weight * (min(excess, MOST_EXCESS) - known[0])
