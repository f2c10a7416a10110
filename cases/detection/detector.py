"""The statistical detector of one series. Pure.

A figure is held against the baseline of its slot. What it is off by is looked at alone, as the mean
of the last 4, 16 and 64, and as the spread of the last 30; each of the five has its own tail, and
the surprise is the mean of their -log10 p. A spike shows in the first, a step or a ramp in the
means, a burst in the spread, and what shows in several is stranger than what shows in one. (A look
at the step from one mean to the next was tried; it gained nothing on the benchmark.)
How rare a surprise of that size is in this series, a sixth tail says: five looks at the same misses
are no five witnesses, so the p that people see is not ten to the minus that mean.
Hours in which the venue trades, and those in which it does not, have misses and tails of their own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cases.detection.baseline import Baseline
from cases.detection.sessions import ROUND_THE_CLOCK, Session
from cases.detection.tail import Tail

VERSION = "slots-means-spread 1"
MEANS = (1, 4, 16, 64)
SPREAD = 30
WINDOWS = (*MEANS, SPREAD)
LENIENT = 100  # figures after an answer from which extreme looks are learned as well
LARGEST = 1e150  # beyond it sums of figures overflow


@dataclass(frozen=True, slots=True)
class Reading:
    """What the detector says of one figure; the surprise is the mean -log10 p of all five looks."""

    value: float
    expected: float
    low: float
    high: float
    surprise: float
    strongest: float  # the largest -log10 p of a single look
    window: int  # over how many figures that look goes
    slot: str
    looks: tuple[float, ...]  # what was looked at, one for each tail
    rarity: float  # -log10 of how often this series surprises that much

    @property
    def p(self) -> float:
        """How probable a figure as strange as this one is in this series."""
        return math.pow(10.0, -self.rarity)


class Detector:
    """What is remembered of one series: its levels, its last misses and five tails by hours."""

    __slots__ = ("baseline", "hours", "last", "lenient", "rarity", "session", "tails")

    def __init__(self, session: Session = ROUND_THE_CLOCK) -> None:
        self.session = session
        self.baseline = Baseline()
        self.hours = ""
        self.last: dict[str, list[float]] = {}
        self.tails: dict[str, list[Tail]] = {}
        self.rarity: dict[str, Tail] = {}
        self.lenient = 0

    def look(self, at: datetime, value: float, *, band: float) -> Reading:
        """The reading of a figure. Its misses are remembered; nothing is learned from it yet."""
        slot = self.session.slot(at)
        expected = self.baseline.expected(slot)
        if expected is None:
            expected = value
        last, tails = self._enter(slot.partition(" ")[0])
        last.append(value - expected)
        if len(last) > MEANS[-1]:
            del last[0]
        looks = _looks(last)
        surprises = [tail.surprise(look) for tail, look in zip(tails, looks, strict=True)]
        strongest, surprise = max(surprises), sum(surprises) / len(surprises)
        reach = tails[0].reach(band)
        return Reading(
            value=value,
            expected=expected,
            low=expected - reach,
            high=expected + reach,
            surprise=surprise,
            strongest=strongest,
            window=WINDOWS[surprises.index(strongest)],
            slot=slot,
            looks=tuple(looks),
            rarity=self.rarity[self.hours].surprise(surprise),
        )

    def learn(self, reading: Reading, *, moves_levels: bool) -> None:
        """Takes the figure that was looked at last into the past.

        An anomaly's figures must not move the levels. The tails learn from them that such things
        happen, else everything after them is strange; but no look that is extreme is learned.
        """
        rarity = self.rarity[self.hours]
        if self.lenient > 0:
            self.lenient -= 1
            for tail, look in zip(self.tails[self.hours], reading.looks, strict=True):
                tail.learn(look)
            rarity.learn(reading.surprise)
        else:
            for tail, look in zip(self.tails[self.hours], reading.looks, strict=True):
                tail.learn_ordinary(look)
            rarity.learn_ordinary(reading.surprise)
        if moves_levels:
            self.baseline.learn(reading.slot, reading.value, reading.value - reading.expected)

    def is_echo(self, threshold: float) -> bool:
        """Whether the newest figure is strange only for what came before it.

        A spike stays in the means until it has left them. Without the figures that lie outside the
        band, the newest of which is not one, nothing would be strange.
        """
        last, tails = self.last[self.hours], self.tails[self.hours]
        reach = tails[0].reach(threshold)
        if abs(last[-1]) > reach:
            return False
        looks = _looks(_inside(last, reach))
        surprises = [tail.surprise(look) for tail, look in zip(tails, looks, strict=True)]
        return sum(surprises) / len(surprises) < threshold

    def settle(self, threshold: float) -> None:
        """An anomaly is over: what lay outside the band is not remembered as the last misses."""
        last = self.last[self.hours]
        self.last[self.hours] = _inside(last, self.tails[self.hours][0].reach(threshold))

    def accept(self) -> None:
        """A person said that the series is to be as it is: the levels move, the tails follow."""
        newest = self.last.get(self.hours, [])[-MEANS[2] :]
        if newest:
            self.baseline.move(sum(newest) / len(newest))
        self.last = {hours: [] for hours in self.tails}
        self.lenient = LENIENT

    def state(self) -> dict[str, Any]:
        """Everything it remembers, as JSON holds it."""
        return {
            "version": VERSION,
            "baseline": self.baseline.state(),
            "hours": self.hours,
            "lenient": self.lenient,
            "last": {hours: [*last] for hours, last in self.last.items()},
            "tails": {
                hours: [tail.state() for tail in tails] for hours, tails in self.tails.items()
            },
            "rarity": {hours: tail.state() for hours, tail in self.rarity.items()},
        }

    @classmethod
    def restored(cls, state: Mapping[str, Any], session: Session = ROUND_THE_CLOCK) -> Detector:
        """The one that had this state; of another version nothing can be taken over."""
        detector = cls(session)
        if state["version"] == VERSION:
            detector.baseline = Baseline.restored(state["baseline"])
            detector.hours, detector.lenient = state["hours"], state["lenient"]
            detector.last = {hours: [*last] for hours, last in state["last"].items()}
            detector.tails = {
                hours: [Tail.restored(tail) for tail in tails]
                for hours, tails in state["tails"].items()
            }
            detector.rarity = {
                hours: Tail.restored(tail) for hours, tail in state["rarity"].items()
            }
        return detector

    def _enter(self, hours: str) -> tuple[list[float], list[Tail]]:
        """The last misses and the tails of these hours; the other hours say nothing about them."""
        self.hours = hours
        if hours not in self.tails:
            self.last[hours], self.tails[hours] = [], [Tail() for _ in WINDOWS]
            self.rarity[hours] = Tail()
        return self.last[hours], self.tails[hours]


def _inside(last: list[float], reach: float) -> list[float]:
    return [miss if abs(miss) <= reach else 0.0 for miss in last]


def _looks(last: list[float]) -> list[float]:
    """How far off: alone, as means, and the spread; of fewer figures while there are fewer."""
    newest = last[-SPREAD:]
    mean = sum(newest) / len(newest)
    spread = math.dist(newest, [mean] * len(newest)) / math.sqrt(len(newest))
    return [abs(sum(last[-n:])) / min(n, len(last)) for n in MEANS] + [spread]
