"""How a clock reads on the dashboard: the words, and how they are coloured. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from incidentdesk.kernel import clocks

SOON = timedelta(minutes=15)

# Kind of a deadline → what is due, as it stands in a sentence.
DUE = {
    "acknowledge": "acknowledgement",
    "evaluate": "evaluation",
    "first_notice": "partner notice",
    "contain": "containment",
    "recover": "recovery",
    "review": "review",
}


@dataclass(frozen=True)
class Remaining:
    """`5 min left` or `12 min late`, the instant it counts to, and its colour."""

    words: str
    due_at: datetime | None
    tone: str


def until(due_at: datetime, *, at: datetime) -> Remaining:
    """How long is left, or how late it is."""
    if due_at < at:
        return Remaining(f"{clocks.words(at - due_at)} late", due_at, "bad")
    tone = "warn" if due_at - at <= SOON else ""
    return Remaining(f"{clocks.words(due_at - at)} left", due_at, tone)


def since(moment: datetime, *, at: datetime) -> Remaining:
    """Nothing is due; how old it is."""
    return Remaining(f"{clocks.words(at - moment)} old", None, "mute")
