"""How probable a count that large, or that small, is at a rate that is itself uncertain. Pure.

A gamma-Poisson for plain counts, a beta-binomial for so many of so many. Tails are summed over a
few terms and closed by the geometric series that bounds the rest, so that one costs the same for
five cases as for five million; where that errs, it says more probable.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

MOST = 15.0  # p is not told apart below 1e-15
TERMS = 8
Ratio = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class GammaPoisson:
    """A count whose mean is known as well as `shape` cases tell it."""

    mean: float
    shape: float

    def log(self, k: float) -> float:
        """The logarithm of the probability of exactly k."""
        total = self.shape + self.mean
        return (
            math.lgamma(k + self.shape)
            - math.lgamma(self.shape)
            - math.lgamma(k + 1.0)
            + self.shape * math.log(self.shape / total)
            + k * math.log(self.mean / total)
        )

    def up(self, k: float) -> float:
        """How much more probable k + 1 is than k."""
        return (k + self.shape) / (k + 1.0) * self.mean / (self.shape + self.mean)


@dataclass(frozen=True, slots=True)
class BetaBinomial:
    """So many of n, whose share is known as well as `strength` cases tell it."""

    n: float
    share: float
    strength: float

    @property
    def mean(self) -> float:
        """How many are to be expected."""
        return self.n * self.share

    def log(self, k: float) -> float:
        """The logarithm of the probability of exactly k."""
        a, b = self.share * self.strength, (1.0 - self.share) * self.strength
        return (
            _log_beta(k + a, self.n - k + b)
            - _log_beta(a, b)
            - _log_beta(k + 1.0, self.n - k + 1.0)
            - math.log(self.n + 1.0)
        )

    def up(self, k: float) -> float:
        """How much more probable k + 1 is than k."""
        if k + 1.0 > self.n:
            return 0.0
        a, b = self.share * self.strength, (1.0 - self.share) * self.strength
        return (self.n - k) * (k + a) / ((k + 1.0) * (self.n - k - 1.0 + b))


def too_many(chance: GammaPoisson | BetaBinomial, k: float) -> float:
    """-log10 of the probability of k or more; 0 up to the mean."""
    if k <= chance.mean:
        return 0.0
    return _tail(chance.log(k), k, chance.up, 1.0)


def too_few(chance: GammaPoisson | BetaBinomial, k: float) -> float:
    """-log10 of the probability of k or fewer; 0 from the mean on."""
    if k >= chance.mean:
        return 0.0
    return _tail(chance.log(k), k, lambda at: 1.0 / chance.up(at - 1.0) if at >= 1.0 else 0.0, -1.0)


def _tail(log_first: float, k: float, ratio: Ratio, step: float) -> float:
    """The first term times the sum of the terms after it, relative to it."""
    term, total = 1.0, 1.0
    for _ in range(TERMS):
        term *= ratio(k)
        total += term
        k += step
    following = min(ratio(k), 0.999)
    total += term * following / (1.0 - following)
    p = (log_first + math.log(total)) / math.log(10.0)
    return min(max(-p, 0.0), MOST)


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
