"""Severity: impact × scope × urgency through a grid, and floors. Pure; both are handed in.

SEV-1 is the worst. Each axis starts at its ordinary value (I2, S2, U2), so one that nobody has
answered counts as the next higher one (I3, S3, U3) and is shown as assumed until it is answered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

IMPACT, SCOPE, URGENCY = range(1, 5), range(1, 5), range(1, 4)
# (impact, scope, urgency) of each cell, in the order in which a grid holds them.
CELLS = tuple((i, s, u) for u, i, s in product(URGENCY, IMPACT, SCOPE))
ASSUMED = {"impact": 3, "scope": 3, "urgency": 3}


@dataclass(frozen=True)
class Grid:
    """48 severities: through urgency 1 to 3, in each impact 1 to 4, in each scope 1 to 4."""

    cells: tuple[int, ...]

    def at(self, impact: int, scope: int, urgency: int) -> int:
        """The severity of one cell."""
        return self.cells[(urgency - 1) * 16 + (impact - 1) * 4 + scope - 1]

    def breaks(self) -> Iterator[str]:
        """Where a worse axis gives a milder severity, each in words; none in a sound grid."""
        for worse in product(reversed(IMPACT), reversed(SCOPE), reversed(URGENCY)):
            for axis in range(3):
                milder = tuple(n - (place == axis) for place, n in enumerate(worse))
                if 0 in milder or self.at(*worse) <= self.at(*milder):
                    continue
                yield (
                    f"{cell(*worse)} would be SEV-{self.at(*worse)}, milder than {cell(*milder)} "
                    f"with SEV-{self.at(*milder)}"
                )


@dataclass(frozen=True)
class Floor:
    """A fact that keeps the severity at `severity` or worse, whatever the grid says."""

    key: str
    words: str
    severity: int
    after_minutes: int | None = None

    @property
    def inline(self) -> str:
        """The words within a sentence; what begins with an abbreviation keeps its capitals."""
        is_plain = self.words[1:2].islower() or self.words[1:2] == " "
        return self.words[:1].lower() + self.words[1:] if is_plain else self.words


@dataclass(frozen=True)
class Result:
    """A computed severity and, in words, where it comes from. `floor` is the worst that stands."""

    severity: int
    why: str
    floor: Floor | None


def cell(impact: int, scope: int, urgency: int) -> str:
    """How a cell is named: `I3 × S2 × U3`."""
    return f"I{impact} × S{scope} × U{urgency}"


def compute(
    grid: Grid,
    impact: int | None,
    scope: int | None,
    urgency: int | None,
    floors: Iterable[Floor] = (),
) -> Result:
    """The severity (1 to 4) that the grid and the floors that stand give, with the reason."""
    answers = {"impact": impact, "scope": scope, "urgency": urgency}
    counted = {axis: value or ASSUMED[axis] for axis, value in answers.items()}
    value = grid.at(**counted)
    why = " × ".join(
        f"{axis[0].upper()}{counted[axis]}{'' if known else ' (assumed)'}"
        for axis, known in answers.items()
    )
    floor = min(floors, key=lambda f: f.severity, default=None)
    if floor and floor.severity < value:
        return Result(floor.severity, f"{why}, raised to the floor: {floor.inline}", floor)
    return Result(value, why, floor)


def differences(before: Sequence[int], after: Sequence[int]) -> list[str]:
    """Which cells changed, in words: `I3 × S2 × U3: SEV-2 → SEV-1`."""
    return [
        f"{cell(*place)}: SEV-{was} → SEV-{is_now}"
        for place, was, is_now in zip(CELLS, before, after, strict=True)
        if was != is_now
    ]
