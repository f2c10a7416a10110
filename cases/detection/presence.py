"""A series that falls silent, and one that stands still. Pure.

Silence is measured against the series' own rhythm: three times the median gap, in time in which
the venue trades. A value that repeats is stuck only where the series is known to move.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from cases.detection.sessions import Session

GAPS = 31  # the median is taken over so many
GAPS_BEFORE_ANYTHING = 5
TIMES_MEDIAN = 3.0
STUCK_AFTER = 15  # equal figures in a row
CHANGES_BEFORE_STUCK = 30
LONGEST_RUN_TIMES = 3  # but a series that often repeats itself is given three of its longest runs


class Presence:
    """When a series last spoke, its usual gap, and how long its value has been the same."""

    __slots__ = ("changes", "equal", "gaps", "last_at", "last_value", "longest_run")

    def __init__(self) -> None:
        self.gaps: list[float] = []  # seconds
        self.last_at: datetime | None = None
        self.last_value: float | None = None
        self.equal = 1
        self.longest_run = 1
        self.changes = -1  # the first figure is none

    def heard(self, at: datetime, value: float, session: Session) -> None:
        """Takes a figure. Gaps over a close are not part of the rhythm."""
        if self.last_at is not None and session.is_open(at) and session.is_open(self.last_at):
            gap = (at - self.last_at).total_seconds()
            # A silence that was an alarm is not learned.
            if (silent := self.silent_after()) is None or gap <= silent.total_seconds():
                self.gaps = [*self.gaps[1 - GAPS :], gap]
        if value == self.last_value and session.is_open(at):
            self.equal += 1
        else:
            if not self.is_stuck():
                self.longest_run = max(self.longest_run, self.equal)
            self.equal, self.changes = 1, self.changes + 1
        self.last_at, self.last_value = at, value

    def silent_after(self) -> timedelta | None:
        """How long the series may say nothing, or None while its rhythm is not known."""
        if len(self.gaps) < GAPS_BEFORE_ANYTHING:
            return None
        return timedelta(seconds=TIMES_MEDIAN * statistics.median(self.gaps))

    def silence(self, now: datetime, session: Session) -> timedelta | None:
        """For how long it has said nothing, if the venue traded and that is too long.

        The venue must have traded at both ends of what is allowed: a silence that began before the
        opening counts from the opening.
        """
        allowed = self.silent_after()
        if allowed is None or self.last_at is None or now - self.last_at <= allowed:
            return None
        trades = session.is_open(now) and session.is_open(now - allowed)
        return now - self.last_at if trades else None

    def is_stuck(self) -> bool:
        """Whether the value repeats longer than this series ever does, while the venue trades."""
        known_to_move = self.changes >= CHANGES_BEFORE_STUCK
        return known_to_move and self.equal >= self.stuck_after

    @property
    def stuck_after(self) -> int:
        """How many equal figures are too many."""
        return max(STUCK_AFTER, LONGEST_RUN_TIMES * self.longest_run)

    def accept(self, *, is_silent: bool = False) -> None:
        """A person said that standing still so long is expected, or that saying nothing is.

        After a silence the rhythm is learned anew, else the same silence is an alarm again.
        """
        self.longest_run = max(self.longest_run, self.equal)
        if is_silent:
            self.gaps = []

    def state(self) -> dict[str, Any]:
        """Everything it remembers, as JSON holds it."""
        return {
            "gaps": [*self.gaps],
            "last_at": self.last_at and self.last_at.isoformat(),
            "last_value": self.last_value,
            "equal": self.equal,
            "longest_run": self.longest_run,
            "changes": self.changes,
        }

    @classmethod
    def restored(cls, state: Mapping[str, Any]) -> Presence:
        """The one that had this state."""
        presence = cls()
        presence.gaps = [*state["gaps"]]
        presence.last_at = state["last_at"] and datetime.fromisoformat(state["last_at"])
        presence.last_value = state["last_value"]
        presence.equal, presence.longest_run = state["equal"], state["longest_run"]
        presence.changes = state["changes"]
        return presence
