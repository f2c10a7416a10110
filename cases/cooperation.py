"""A partner's record of cooperation: how soon it reports, and how it answers what we ask.

Made of what its reader may see, without exercises. A request counts once its answer was whole, or
its time is over; one that was withdrawn counts for nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from django.db.models import Count, Q, QuerySet

from cases import correspondence, queries
from cases.models import Report, Request
from incidentdesk.kernel import clocks
from incidentdesk.kernel.access import Actor

SPAN = timedelta(days=365)


@dataclass(frozen=True)
class Record:
    """The figures of a year."""

    reports: int
    promptness: str  # the median from noticed to reported, in words
    slowest: str
    in_time: int
    late: int
    overdue: int
    open: int

    @property
    def counted(self) -> int:
        """The requests that can be judged."""
        return self.in_time + self.late + self.overdue


def of(partner_id: int, *, actor: Actor, at: datetime) -> Record:
    """Two queries."""
    told = reports(actor=actor).filter(partner_id=partner_id, reported_at__gt=at - SPAN)
    seconds = [
        (reported - noticed).total_seconds()
        for noticed, reported in told.values_list("noticed_at", "reported_at")
    ]
    asked = asked_between(actor=actor, since=at - SPAN).filter(partner_id=partner_id)
    counts = asked.order_by().aggregate(**judged(at))
    return Record(
        reports=len(seconds),
        promptness=_words(median(seconds)) if seconds else "",
        slowest=_words(max(seconds)) if seconds else "",
        **counts,
    )


def reports(*, actor: Actor) -> QuerySet[Report]:
    """What partners told us; what belongs to an exercise is no figure."""
    return queries.reports_visible_to(actor).exclude(incident__is_exercise=True)


def asked_between(
    *, actor: Actor, since: datetime, until: datetime | None = None
) -> QuerySet[Request]:
    """What was asked of partners between."""
    rows = correspondence.requests_visible_to(actor).filter(
        asked_at__gte=since, involvement__is_exercise=False
    )
    return rows if until is None else rows.filter(asked_at__lt=until)


def judged(at: datetime) -> dict[str, Count]:
    """How many of these requests were answered in time or late, are overdue, or open still."""
    is_open = Q(state=Request.State.OPEN)
    answered = Q(state__in=[Request.State.ANSWERED, Request.State.ACCEPTED])
    return {
        "in_time": Count("pk", filter=answered & Q(was_late=False)),
        "late": Count("pk", filter=answered & Q(was_late=True)),
        "overdue": Count("pk", filter=is_open & Q(due_at__lt=at)),
        "open": Count("pk", filter=is_open & Q(due_at__gte=at)),
    }


def _words(seconds: float) -> str:
    return clocks.words(timedelta(seconds=seconds))
