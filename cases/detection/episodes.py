"""When strange figures become an anomaly and when it is over: hold-off and hysteresis. Pure.

Two strange figures of three begin an anomaly, or one that is extreme; ten good ones in a row end
it (`MINUTES`, the default). Until then everything strange belongs to the one that is open.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True)
class Hold:
    """How many strange figures of how many begin an anomaly, how many good ones end it."""

    needed: int = 2
    of: int = 3
    good_ends: int = 10


MINUTES = Hold()
SLOW = Hold(needed=1, of=1, good_ends=30)  # figures so far apart that a second one comes too late


class Step(StrEnum):
    """What a figure did to a series' anomaly."""

    NOTHING = "nothing"
    BEGAN = "began"
    GOES_ON = "goes on"
    ENDED = "ended"


@dataclass(slots=True)
class Episode:
    """Whether an anomaly is open, and what counts towards opening or ending it."""

    is_open: bool = False
    good: int = 0
    recent: int = 0  # the last figures as bits, 1 is strange

    def feed(self, hold: Hold, *, is_strange: bool, is_extreme: bool = False) -> Step:
        """Takes the next figure. An extreme one is also strange."""
        self.recent = (self.recent << 1 | is_strange) & ((1 << hold.of) - 1)
        if not self.is_open:
            if is_strange and (is_extreme or self.recent.bit_count() >= hold.needed):
                self.is_open, self.good = True, 0
                return Step.BEGAN
            return Step.NOTHING
        self.good = 0 if is_strange else self.good + 1
        if self.good < hold.good_ends:
            return Step.GOES_ON
        self.is_open, self.recent = False, 0
        return Step.ENDED

    def state(self) -> dict[str, Any]:
        """Everything it remembers, as JSON holds it."""
        return {"is_open": self.is_open, "good": self.good, "recent": self.recent}

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> Episode:
        """The one that had this state."""
        return cls(state["is_open"], state["good"], state["recent"])
