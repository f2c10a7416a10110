"""The severity matrix in the tables in which a person reads it: U3 first, I4 on top, S1 to S4."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cases.severity import CELLS, IMPACT, SCOPE, URGENCY, cell

_PLACE = {place: number for number, place in enumerate(CELLS)}
FIRST = _PLACE[IMPACT[-1], SCOPE[0], URGENCY[-1]]  # the cell that stands first on the page


@dataclass(frozen=True)
class Cell:
    """One severity: where it stands among the 48, what it is called, whether it just changed."""

    number: int
    name: str
    severity: int
    is_new: bool


@dataclass(frozen=True)
class Table:
    """The cells of one urgency: a row an impact, the worst first."""

    urgency: int
    rows: list[tuple[int, list[Cell]]]


def tables(cells: Sequence[int | str], former: Sequence[int] | None = None) -> list[Table]:
    """The three tables; with `former`, what differs from it is marked."""

    def one(impact: int, scope: int, urgency: int) -> Cell:
        number = _PLACE[impact, scope, urgency]
        value = int(cells[number]) if str(cells[number]).isdecimal() else 0
        is_new = former is not None and former[number] != value
        return Cell(number, cell(impact, scope, urgency), value, is_new)

    return [
        Table(u, [(i, [one(i, s, u) for s in SCOPE]) for i in reversed(IMPACT)])
        for u in reversed(URGENCY)
    ]
