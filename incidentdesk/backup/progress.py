"""What a long command says while it works, to whoever waits at the terminal."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE = 2.0  # seconds after which, and between which, a number is said


class Progress:
    """Says each part as it begins, and now and then how far it is."""

    def __init__(self, say: Callable[[str], object]) -> None:
        self._say, self._spoken = say, time.monotonic()

    def begin(self, part: str) -> None:
        """A part begins."""
        self._spoken = time.monotonic()
        self._say(f"{part} …")

    def reached(self, number: int, what: str) -> None:
        """So many are dealt with."""
        if time.monotonic() - self._spoken > PATIENCE:
            self.begin(f"{number} {what}")
