"""The one shape of a channel: it takes a message and says what became of it. It never raises."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from notifications.models import Message


class Outcome(Enum):
    """What the other side said."""

    ACCEPTED = "accepted"  # handed over; the other side is responsible now
    LATER = "later"  # not now: worth another try
    REFUSED = "refused"  # never, as it stands: another try would end the same way


@dataclass(frozen=True)
class Answer:
    """The outcome and the other side's own words."""

    outcome: Outcome
    words: str = ""
    is_gone: bool = False  # nothing will ever arrive there again


class Channel(Protocol):
    """Opened when the first message comes, reused for the next, closed at the end."""

    def send(self, message: Message) -> Answer:
        """Hand `message` over; whatever goes wrong is an answer, never an exception."""

    def close(self) -> None:
        """Let go of the connection; never raises."""
