"""What a series is expected to be now: the level of this slot of the venue's day. Pure.

A slot is moved once a visit, by a fifth of what the visit's mean was off, and never by more than
eight times the usual miss: neither one wild figure nor one wild hour pulls it away. Until a slot
has been visited a few times, the level of the last figures stands in for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SLOT_WEIGHT = 0.2
LEVEL_WEIGHT = 0.05
MISS_WEIGHT = 0.01
CLIP = 8.0  # usual misses
FREE = 50  # figures at the start that move it unclipped
HALF_TRUSTED = 2.0  # visits after which a slot counts as much as the level of the last figures


class Baseline:
    """The levels of one series."""

    __slots__ = ("level", "miss", "seen", "slots", "visit", "visited")

    def __init__(self) -> None:
        self.slots: dict[str, list[float]] = {}  # slot: level, how many visits
        self.visited = ""
        self.visit: list[float] = [0.0, 0]  # of the slot that is being visited: sum, how many
        self.level = 0.0
        self.miss = 0.0
        self.seen = 0

    def expected(self, slot: str) -> float | None:
        """The figure to be expected, or None before the first one."""
        if not self.seen:
            return None
        known = self.slots.get(slot)
        if known is None:
            return self.level
        trust = known[1] / (known[1] + HALF_TRUSTED)
        return trust * known[0] + (1.0 - trust) * self.level

    def learn(self, slot: str, figure: float, residual: float) -> None:
        """Moves the levels towards a figure that was missed by `residual`."""
        self.seen += 1
        if self.seen == 1:
            self.level = figure
        most = CLIP * self.miss if self.seen > FREE else float("inf")
        if slot != self.visited:
            self._end_visit(most)
            self.visited, self.visit = slot, [0.0, 0]
        within = max(-most, min(most, residual))
        self.visit[0] += figure - residual + within
        self.visit[1] += 1
        self.miss += max(MISS_WEIGHT, 1.0 / self.seen) * (abs(within) - self.miss)
        off = max(-most, min(most, figure - self.level))
        self.level += max(LEVEL_WEIGHT, 1.0 / self.seen) * off

    def move(self, by: float) -> None:
        """All levels at once; the visit that goes on begins anew."""
        self.level += by
        for known in self.slots.values():
            known[0] += by
        self.visited, self.visit = "", [0.0, 0]

    def state(self) -> dict[str, Any]:
        """Everything it remembers, as JSON holds it."""
        slots = {slot: [*known] for slot, known in self.slots.items()}
        kept = {name: getattr(self, name) for name in ("level", "miss", "seen", "visited")}
        return {**kept, "slots": slots, "visit": [*self.visit]}

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> Baseline:
        """The one that had this state."""
        baseline = cls()
        for name in cls.__slots__:
            setattr(baseline, name, state[name])
        baseline.slots = {slot: [*known] for slot, known in state["slots"].items()}
        baseline.visit = [*state["visit"]]
        return baseline

    def _end_visit(self, most: float) -> None:
        if not self.visit[1]:
            return
        mean = self.visit[0] / self.visit[1]
        known = self.slots.setdefault(self.visited, [mean, 0])
        off = max(-most, min(most, mean - known[0]))
        known[0] += max(SLOT_WEIGHT, 1.0 / (known[1] + 1)) * off
        known[1] += 1
