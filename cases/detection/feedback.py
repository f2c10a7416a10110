"""What people say of a series' alarms, and what it does to the series' threshold. Pure.

A threshold is never stored: it follows from the default and the answers, in their order. So each
answer's effect can be shown, and taking one back is leaving it out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Answer(StrEnum):
    """What an alarm was."""

    TRUE = "true"
    FALSE = "false"
    EXPECTED = "expected"


# A false alarm asks for much more than a true one gives back, or one would undo the other at once.
FACTORS = {Answer.TRUE: 0.95, Answer.FALSE: 1.2, Answer.EXPECTED: 1.05}
LEAST_SHARE, MOST_SHARE = 0.75, 3.0  # of the default


@dataclass(frozen=True)
class Effect:
    """One answer and the threshold before and after it, as -log10 p."""

    answer: Answer
    before: float
    after: float

    @property
    def words(self) -> str:
        """How a person reads it."""
        if self.after == self.before:
            return f"{self.answer.value}: the threshold stays at {self.before:.2f}"
        way = "fewer alarms" if self.after > self.before else "more alarms"
        change = f"the threshold of {self.before:.2f} becomes {self.after:.2f}"
        return f"{self.answer.value}: {change}, {way}"


def effects(default: float, answers: Iterable[Answer]) -> list[Effect]:
    """What each answer did, in their order."""
    found: list[Effect] = []
    threshold = default
    for answer in answers:
        after = min(max(threshold * FACTORS[answer], LEAST_SHARE * default), MOST_SHARE * default)
        found.append(Effect(answer, threshold, after))
        threshold = after
    return found


def threshold(default: float, answers: Iterable[Answer]) -> float:
    """Where the answers leave the threshold."""
    found = effects(default, answers)
    return found[-1].after if found else default
