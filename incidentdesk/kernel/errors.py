"""Refusals. Each carries one sentence for the person who reads it: what happened, what to do."""

from __future__ import annotations

from collections.abc import Sequence

# A row went between showing a form and sending it.
GONE = "What you chose is gone by now; look at the page again."


class DeskError(Exception):
    """A use case said no. `str(error)` is the sentence; nothing was changed."""


class NotAllowed(DeskError):
    """The actor lacks the permission."""


class InvalidInput(DeskError):
    """What was given can never work as it stands."""


class NotFound(DeskError):
    """There is no such thing, or none that the actor may see."""


class Conflict(DeskError):
    """Somebody else was faster, or the state does not fit any more."""


class GateNotMet(DeskError):
    """A move was refused; `unmet` names every gate in words."""

    def __init__(self, move: str, unmet: Sequence[str]) -> None:
        self.unmet = list(unmet)
        super().__init__(f"{move} has to wait: {'; '.join(self.unmet)}.")
