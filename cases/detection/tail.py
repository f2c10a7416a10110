"""How rare a figure is, by its own past: peaks over a threshold (Siffer et al., KDD 2017). Pure.

The past is a histogram whose bins are equally wide on a logarithmic scale, so that it is small,
needs no unit, and forgets by being halved. Above its 95 % quantile a generalised Pareto tail,
fitted by moments, says how probable a figure that large is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

WARM_UP = 100  # figures before anything is said
QUANTILE = 0.95  # where the tail begins
BIN = math.log(1.05)  # bins are 5 % wide
HALF_LIFE = 4000  # figures after which the past counts half
MOST_SHAPE = 0.5  # of the Pareto tail; beyond it the variance is infinite
EXTREME = 8.0  # -log10 p
MOST = 15.0  # p is not told apart below 1e-15
NOTHING = -(10**6)  # the bin of zero
LEAST = 1e-9  # the unit of a series that never moved
REFIT_AT_LEAST, REFIT_SHARE = 25, 40


class Tail:
    """The tail of one kind of figure, none of them negative."""

    __slots__ = ("bins", "first", "limit", "refit_at", "scale", "seen", "shape", "share", "total")

    def __init__(self) -> None:
        self.first: list[float] | None = []  # the warm-up, until the first fit
        self.bins: dict[int, float] = {}
        self.total = 0.0
        self.seen = 0
        self.refit_at = 0.0
        self.limit, self.shape, self.scale, self.share = 0.0, 0.0, 1.0, 1.0

    def surprise(self, figure: float) -> float:
        """-log10 of the probability of a figure at least that large; 0 for the ordinary 95 %."""
        if self.first is not None or figure <= self.limit:
            return 0.0
        excess = (figure - self.limit) / self.scale
        if self.shape < 1e-3:
            beyond = excess / math.log(10)
        else:
            beyond = math.log10(1.0 + self.shape * excess) / self.shape
        return min(beyond - math.log10(self.share), MOST)

    def reach(self, surprise: float) -> float:
        """The figure whose surprise is that; the least one that is told apart otherwise."""
        beyond = surprise + math.log10(self.share)
        if self.first is not None or beyond <= 0.0:
            return self.limit
        if self.shape < 1e-3:
            return self.limit + self.scale * beyond * math.log(10)
        return self.limit + self.scale * (math.pow(10.0, beyond * self.shape) - 1.0) / self.shape

    def learn(self, figure: float) -> None:
        """Takes a figure into the past."""
        if self.first is not None:
            self.first.append(figure)
            if len(self.first) == WARM_UP:
                for each in self.first:
                    self._count(each)
                self.first = None
                self._fit()
            return
        self._count(figure)
        self.seen += 1
        if self.seen >= HALF_LIFE:
            self._forget()
        if self.total >= self.refit_at:
            self._fit()

    def learn_ordinary(self, figure: float) -> None:
        """Takes a figure into the past unless it is extreme, which an anomaly's are.

        Where nearly all were nothing so far, all that is something would be: those are taken.
        """
        if self.limit <= 0.0 or self.surprise(figure) < EXTREME:
            self.learn(figure)

    def state(self) -> dict[str, Any]:
        """Everything it remembers, as JSON holds it."""
        kept: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        return {**kept, "bins": sorted(self.bins.items()), "first": self.first and [*self.first]}

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> Tail:
        """The one that had this state."""
        tail = cls()
        for name in cls.__slots__:
            setattr(tail, name, state[name])
        tail.bins = {int(place): count for place, count in state["bins"]}
        tail.first = None if state["first"] is None else list(state["first"])
        return tail

    def _count(self, figure: float) -> None:
        place = math.ceil(math.log(figure) / BIN) if figure > 0.0 else NOTHING
        self.bins[place] = self.bins.get(place, 0.0) + 1.0
        self.total += 1.0

    def _forget(self) -> None:
        self.bins = {place: n / 2.0 for place, n in sorted(self.bins.items()) if n > 0.02}
        self.total = sum(self.bins.values())
        self.seen, self.refit_at = 0, self.total

    def _fit(self) -> None:
        """The limit at the quantile, shape and scale by the moments of what lies beyond."""
        wanted, beyond = self.total * (1.0 - QUANTILE), 0.0
        places = sorted(self.bins, reverse=True)
        number = 0
        while beyond + self.bins[places[number]] <= wanted:
            beyond += self.bins[places[number]]
            number += 1
        self.limit = _edge(places[number])
        mean = square = 0.0
        for place in places[:number]:
            excess = _edge(place - 0.5) - self.limit
            mean += self.bins[place] * excess / beyond
            square += self.bins[place] * excess * excess / beyond
        if mean <= 0.0:
            mean = max(self.limit * 0.05, LEAST)
            square = 2.0 * mean * mean
        variance = square - mean * mean
        if variance <= 0.0:
            variance = mean * mean
        self.shape = min(max(0.5 * (1.0 - mean * mean / variance), 0.0), MOST_SHAPE)
        self.scale = mean * (1.0 - self.shape)
        self.share = (beyond + 1.0) / (self.total + 1.0)
        self.refit_at = self.total + max(REFIT_AT_LEAST, self.total / REFIT_SHARE)


def _edge(place: float) -> float:
    """The upper edge of a bin."""
    return math.exp(place * BIN) if place > NOTHING else 0.0
