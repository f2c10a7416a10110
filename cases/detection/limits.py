"""Hard limits: what contract or physics forbids, whatever the past was. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """The lowest and highest figure that is allowed; either may be missing."""

    lowest: float | None = None
    highest: float | None = None

    def __post_init__(self) -> None:
        if self.lowest is not None and self.highest is not None and self.lowest > self.highest:
            raise ValueError(f"No figure is at least {self.lowest:g} and at most {self.highest:g}.")

    def broken_by(self, value: float) -> str | None:
        """Which limit a figure breaks, in words, or None."""
        if self.lowest is not None and value < self.lowest:
            return f"below the limit of {self.lowest:g}"
        if self.highest is not None and value > self.highest:
            return f"above the limit of {self.highest:g}"
        return None
