"""How a clock reads on the dashboard: the words, and how they are coloured. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from incidentdesk.kernel import clocks

SOON = timedelta(minutes=15)
HORIZON = timedelta(hours=1)  # what falls due within it is on the page by itself

# Kind of a deadline → what is due, as it stands in a sentence.
DUE = {
    "acknowledge": "acknowledgement",
    "evaluate": "evaluation",
    "first_notice": "partner notice",
    "partner_notice": "notice by contract",
    "next_update": "promised update",
    "facts_initial": "facts package",
    "facts_interim": "interim facts package",
    "facts_final": "final facts package",
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
    short: str  # beside the name of what is due: `5 min` or `12 min late`


def until(due_at: datetime, *, at: datetime) -> Remaining:
    """How long is left, or how late it is."""
    if due_at < at:
        late = f"{clocks.words(at - due_at)} late"
        return Remaining(late, due_at, "bad", late)
    left, tone = clocks.words(due_at - at), "warn" if due_at - at <= SOON else ""
    return Remaining(f"{left} left", due_at, tone, left)


def since(moment: datetime, *, at: datetime) -> Remaining:
    """Nothing is due; how old it is."""
    old = f"{clocks.words(at - moment)} old"
    return Remaining(old, None, "mute", old)
