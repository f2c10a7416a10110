"""The scorer of the Numenta Anomaly Benchmark, rules of corpus v1.1. Standard library only.

What each row of a series is worth is known before any detector runs: a row inside a labelled
window is worth more the earlier it stands, a row outside costs something, the rows of the
probation are ignored. A window counts its best row once; a missed window costs.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

PROBATION_SHARE, PROBATION_MOST = 0.15, 750
FAR = 3.0  # window widths after a window from where on an alarm is simply false
LEFT_EDGE = 0.98661  # what the sigmoid gives at a window's left edge, as NAB rounds it


@dataclass(frozen=True)
class Profile:
    """What a false alarm and a missed window cost; a window found at once is worth 1."""

    name: str
    false_alarm: float
    miss: float


STANDARD = Profile("standard", 0.11, 1.0)
PROFILES = (STANDARD, Profile("low FP", 0.22, 1.0), Profile("low FN", 0.11, 2.0))


@dataclass(frozen=True)
class Labels:
    """Of one series: how many rows it has, and its windows as first and last row."""

    rows: int
    windows: tuple[tuple[int, int], ...]

    @property
    def probation(self) -> int:
        """How many rows at the start are not scored."""
        return probation(self.rows)

    @cached_property
    def worth(self) -> list[tuple[int, float]]:
        """Of each row: its window (-1 is none), and its worth, negative outside of windows."""
        worth = [(-1, -1.0)] * self.rows
        for number, (first, last) in enumerate(self.windows):
            width = last - first + 1
            for row in range(first, last + 1):
                worth[row] = (number, sigmoid(-(last - row + 1) / width) / LEFT_EDGE)
            following = self.windows[number + 1][0] if number + 1 < len(self.windows) else self.rows
            for row in range(last + 1, following):
                worth[row] = (-1, sigmoid((row - last) / (width - 1)))
        return worth


@dataclass(frozen=True)
class Scored:
    """One series with what a detector said of each of its rows; higher is stranger."""

    labels: Labels
    scores: Sequence[float]


@dataclass(frozen=True)
class Outcome:
    """What one threshold gives on some series."""

    threshold: float
    total: float
    windows: int
    hit: int
    false_alarms: int


def probation(rows: int) -> int:
    """How many rows of a series of that many are not scored; detectors may know the number."""
    return min(math.floor(PROBATION_SHARE * rows), PROBATION_MOST)


def sigmoid(place: float) -> float:
    """1 far left of a window's end, 0 at its end, -1 far right of it."""
    return -1.0 if place > FAR else 2.0 / (1.0 + math.exp(5.0 * place)) - 1.0


def normalised(total: float, windows: int, profile: Profile) -> float:
    """100 is a perfect detector, 0 one that never says anything."""
    nothing = -windows * profile.miss
    return 100.0 * (total - nothing) / (windows - nothing)


def outcomes(many: Iterable[Scored], profile: Profile) -> list[Outcome]:
    """What each threshold that makes a difference gives, the highest first."""
    rows, windows = _rows(many)
    rows.sort(key=lambda row: -row[0])
    best: dict[tuple[int, int], float] = {}
    total, false_alarms = -windows * profile.miss, 0
    found = [Outcome(math.inf, total, windows, 0, 0)]
    for place, (score, series, window, worth) in enumerate(rows):
        if window < 0:
            total += worth * profile.false_alarm
            false_alarms += 1
        elif (series, window) not in best:
            total += worth + profile.miss
            best[series, window] = worth
        elif worth > best[series, window]:
            total += worth - best[series, window]
            best[series, window] = worth
        if place + 1 == len(rows) or rows[place + 1][0] < score:
            found.append(Outcome(score, total, windows, len(best), false_alarms))
    return found


def best(many: Iterable[Scored], profile: Profile) -> Outcome:
    """The outcome of the one threshold that suits these series best."""
    return max(outcomes(many, profile), key=lambda outcome: outcome.total)


def counted(one: Scored, profile: Profile) -> Outcome:
    """The outcome of one series if each row with a score is an alarm."""
    return outcomes([one], profile)[-1]


def together(many: Iterable[Outcome], profile: Profile) -> float:
    """The normalised score of several series."""
    found = [*many]
    windows = sum(outcome.windows for outcome in found)
    return normalised(sum(outcome.total for outcome in found), windows, profile)


def _rows(many: Iterable[Scored]) -> tuple[list[tuple[float, int, int, float]], int]:
    """Every scored row that a threshold above the lowest score could make an alarm."""
    rows: list[tuple[float, int, int, float]] = []
    windows = 0
    for number, one in enumerate(many):
        windows += len(one.labels.windows)
        skipped, worth = one.labels.probation, one.labels.worth
        rows += [
            (score, number, *worth[row])
            for row, score in enumerate(one.scores)
            if score > 0.0 and row >= skipped
        ]
    return rows, windows
