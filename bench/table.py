"""How figures are shown: one line each, beside its floor."""

from __future__ import annotations

import os
import statistics
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """A measured thing, its floor of the same run, and whether more is better."""

    name: str
    value: float
    unit: str
    floor_name: str
    floor: float
    more_is_better: bool = True

    @property
    def times(self) -> float:
        """How many times as slow as the floor."""
        return self.floor / self.value if self.more_is_better else self.value / self.floor


def median(values: list[float]) -> float:
    """The median of some rounds."""
    return statistics.median(values)


def show(figures: list[Figure], *, seconds: float) -> str:
    """The table, with the machine it was measured on."""
    rows = [("figure", "", "floor in the same run", "", "× as slow")]
    rows += [
        (
            figure.name,
            f"{_number(figure.value)} {figure.unit}",
            figure.floor_name,
            f"{_number(figure.floor)} {figure.unit}",
            f"{figure.times:.1f}",
        )
        for figure in figures
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    lines = [_line(row, widths) for row in rows]
    lines.insert(1, "─" * len(lines[0]))
    load = os.getloadavg()[0]
    lines += ["", f"{os.cpu_count()} cores, load {load:.1f}; {seconds:.0f} s; medians of rounds."]
    lines.append("Neighbours on the machine move figure and floor alike: compare the last column.")
    return "\n".join(lines)


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    cells = []
    for column, (cell, width) in enumerate(zip(row, widths, strict=True)):
        cells.append(cell.rjust(width) if column in (1, 3, 4) else cell.ljust(width))
    return "  ".join(cells)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 2 else f"{value:.2f}"
