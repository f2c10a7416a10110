"""What is kept of an alarm, so that a person sees why it fired. Pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What is wrong with the series."""

    LIMIT = "limit"
    UNUSUAL = "unusual"
    COUNT = "count"
    SILENT = "silent"
    STUCK = "stuck"
    DRIFT = "drift"  # a note of low priority; it never pages


@dataclass(frozen=True, slots=True)
class Alarm:
    """One anomaly at the moment it began. `window` is in words, `model` the detector's version."""

    kind: Kind
    at: datetime
    words: str
    model: str
    value: float | None = None
    expected: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    surprise: float | None = None  # what was held against the threshold
    window: str = ""

    @property
    def pages(self) -> bool:
        """Whether somebody is to be woken."""
        return self.kind is not Kind.DRIFT

    def as_json(self) -> dict[str, Any]:
        """As it is stored."""
        return {**asdict(self), "kind": self.kind.value, "at": self.at.isoformat()}
