"""The order of time: every step of every story, taken one after the other as it happened.

So references, logs and chains of the demo grow as they would have. What lies after the present is
not taken: that is how some incidents are still open.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from operator import itemgetter

Step = Callable[[datetime], object]


class Agenda:
    """Steps with their moments."""

    def __init__(self) -> None:
        """Nothing is planned yet."""
        self._steps: list[tuple[datetime, Step]] = []

    def add(self, when: datetime, step: Step) -> None:
        """Plan a step; steps of one moment are taken in the order in which they were planned."""
        self._steps.append((when, step))

    def run(self, *, until: datetime) -> int:
        """Take every step up to `until`; answers how many."""
        due = sorted((item for item in self._steps if item[0] <= until), key=itemgetter(0))
        for when, step in due:
            step(when)
        return len(due)


def between(start: datetime, end: datetime, share: float) -> datetime:
    """The moment at this share of the way."""
    return start + (end - start) * share
