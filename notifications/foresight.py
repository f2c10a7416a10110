"""What would happen: whom an escalation would page, and when, if nobody acknowledged. Reads only.

It climbs the same ladder as the engine does, so it can say nothing else. It does not know who will
have had several pages just before: those come in a list (`bundling`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from notifications import ladder
from notifications.models import Escalation, EscalationPath

MOST = 12  # times at which somebody is paged
AHEAD = timedelta(days=3)


@dataclass(frozen=True)
class Foreseen:
    """What is done at one moment: each step that is due then."""

    at: datetime
    rungs: Sequence[ladder.Rung]


def foresee(path: EscalationPath | None, *, severity: int, at: datetime) -> list[Foreseen]:
    """What an escalation that begins at `at` and takes this path would do, in order: the first
    `MOST` times within `AHEAD`, at least one."""
    row = Escalation(path=path, severity=severity, started_at=at)
    first = path.steps.order_by("after_minutes").first() if path else None
    due = at + timedelta(minutes=first.after_minutes if first else 0)
    found: list[Foreseen] = []
    while len(found) < MOST and (not found or due <= at + AHEAD):
        climb = ladder.climb(row, at=due)
        if climb.rungs:
            found.append(Foreseen(due, climb.rungs))
        row.next_position = climb.next_position
        row.round += climb.is_round_over
        due = climb.next_action_at
    return found
