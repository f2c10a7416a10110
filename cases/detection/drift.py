"""A series that slowly becomes another: a note for a person, never a page. Pure.

The baseline follows a slow change, so no single figure is strange. Held against the levels that
a person last agreed to, the mean of the misses shows it. After `agree` the levels of now count.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cases.detection.baseline import Baseline

VISITS = 3  # a slot's level is agreed to silently at its third visit
WEIGHT = 1.0 / 200.0
KNOWN_AFTER = 200  # figures against agreed levels, before anything is said
USUAL_MISSES = 2.0


@dataclass(frozen=True)
class Note:
    """By how much a series lies above what was agreed to; below, if negative."""

    shift: float


class Drift:
    """The levels that were agreed to, and how far the series lies from them."""

    __slots__ = ("agreed", "is_noted", "miss", "seen", "shift")

    def __init__(self) -> None:
        self.agreed: dict[str, float] = {}
        self.miss = 0.0
        self.shift = 0.0
        self.seen = 0
        self.is_noted = False

    def feed(self, slot: str, value: float, baseline: Baseline) -> Note | None:
        """A note, once until somebody agrees, when the series has drifted away."""
        agreed = self.agreed.get(slot)
        if agreed is None:
            known = baseline.slots.get(slot)
            if known is None or known[1] < VISITS:
                return None
            agreed = self.agreed[slot] = known[0]
            self.miss = max(self.miss, baseline.miss)
        self.seen += 1
        most = 2.0 * USUAL_MISSES * self.miss
        off = max(-most, min(most, value - agreed))
        self.shift += WEIGHT * (off - self.shift)
        away = abs(self.shift) > USUAL_MISSES * self.miss
        if self.is_noted or self.seen < KNOWN_AFTER or not away:
            return None
        self.is_noted = True
        return Note(self.shift)

    def agree(self, baseline: Baseline) -> None:
        """A person agreed: what the levels are now is what they ought to be."""
        self.agreed = {slot: known[0] for slot, known in baseline.slots.items()}
        self.miss, self.shift, self.seen, self.is_noted = baseline.miss, 0.0, 0, False

    def state(self) -> dict[str, Any]:
        """Everything it remembers, as JSON holds it."""
        kept = {name: getattr(self, name) for name in self.__slots__}
        return {**kept, "agreed": dict(self.agreed)}

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> Drift:
        """The one that had this state."""
        drift = cls()
        for name in cls.__slots__:
            setattr(drift, name, state[name])
        drift.agreed = dict(state["agreed"])
        return drift
