"""One line of “Needs you now”: what it holds, and what stands before what. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cases.models import Incident
from incidentdesk.dashboard.remaining import Remaining

EACH = 20  # of one kind; a list longer than that is nobody's next step
LEAST = 9  # sorts what has no severity behind what has one


@dataclass(frozen=True)
class Need:
    """One line: about what, what is to be done, and how long is left."""

    reference: str
    title: str
    url: str
    what: str
    remaining: Remaining
    began_at: datetime
    severity: int | None = None
    is_after: bool = False  # of an incident that does no harm any more

    @property
    def rank(self) -> tuple[Any, ...]:
        """What burns before what is over; the worst first, then what is due first, the newest."""
        due = self.remaining.due_at
        return (
            self.is_after,
            self.severity or LEAST,
            due is None,
            due.timestamp() if due else -self.began_at.timestamp(),
        )


def about(
    incident: Incident,
    what: str,
    remaining: Remaining,
    *,
    began_at: datetime,
    is_after: bool = False,
) -> Need:
    """A line about an incident, which it links to."""
    return Need(
        reference=incident.reference,
        title=incident.heading,
        url=incident.url,
        what=what,
        remaining=remaining,
        began_at=began_at,
        severity=incident.severity,
        is_after=is_after,
    )
