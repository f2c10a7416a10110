"""The one shape of a channel: it takes a message and says what became of it. It never raises."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Protocol

from notifications.models import Message


class Outcome(Enum):
    """What the other side said."""

    ACCEPTED = "accepted"  # handed over; the other side is responsible now
    LATER = "later"  # not now: worth another try
    UNSURE = "unsure"  # all of it went, and no word came back: it may have been taken
    REFUSED = "refused"  # never, as it stands: another try would end the same way


@dataclass(frozen=True)
class Answer:
    """The outcome and the other side's own words."""

    outcome: Outcome
    words: str = ""
    is_gone: bool = False  # nothing will ever arrive there again
    provider_id: str = ""  # by which a provider that reports calls it
    is_reported: bool = False  # whether its delivery will be told of


class Channel(Protocol):
    """Opened when the first message comes, reused for the next, closed at the end."""

    def send(self, message: Message) -> Answer:
        """Hand `message` over; whatever goes wrong is an answer, never an exception."""

    def close(self) -> None:
        """Let go of the connection; never raises."""


class Call(Protocol):
    """One message that is ready to go: nothing but the network is needed any more."""

    message: Message

    def answer(self) -> Answer:
        """Make it; whatever goes wrong is an answer, never an exception."""


class CallingChannel(Channel, Protocol):
    """A channel to other people's servers, which threads call side by side."""

    def prepared(self, message: Message) -> Call:
        """All that the database has to say about a call, so that a thread can make it."""

    def after(self, message: Message, answer: Answer, *, at: datetime) -> None:
        """Tell whoever has to know of the answer."""
