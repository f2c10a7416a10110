"""How punctual we are to a partner: the first notices, promised updates, facts packages and
reports of the cause of a year.

Made of what its reader may see, without exercises. What is dropped, or not due yet, counts for
nothing; what is overdue counts as late from then on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Window
from django.db.models.functions import Lead

from cases import queries
from cases.models import Deadline, NoticeCopy
from cases.models.deadline import AFTERWARDS, FACTS, PARTNER_NOTICE, ROOT_CAUSE
from cases.models.incident import OVER
from incidentdesk.kernel.access import Actor

SPAN = timedelta(days=365)


@dataclass(frozen=True)
class Kept:
    """How often something that was promised came in time, late, or has not come and is overdue."""

    label: str
    in_time: int
    late: int
    overdue: int

    @property
    def counted(self) -> int:
        """How many can be judged."""
        return self.in_time + self.late + self.overdue


def of(partner_id: int, *, actor: Actor, at: datetime) -> list[Kept]:
    """First notices, promised updates, facts packages, reports. Two queries."""
    by_kind = _by_contract(partner_id, actor=actor, at=at)
    facts = [by_kind[kind] for kind in FACTS.values() if kind in by_kind]
    return [
        _total("First notices", [by_kind[PARTNER_NOTICE]] if PARTNER_NOTICE in by_kind else []),
        _updates(partner_id, actor=actor, at=at),
        _total("Facts packages", facts),
        _total("Reports of the cause", [by_kind[ROOT_CAUSE]] if ROOT_CAUSE in by_kind else []),
    ]


def owed(*, actor: Actor, since: datetime, until: datetime | None = None) -> QuerySet[Deadline]:
    """What partners are promised and falls due between: by contract, and the report of the cause.
    Promised updates are left out."""
    rows = Deadline.objects.filter(
        involvement__is_exercise=False,
        kind__in=[PARTNER_NOTICE, *AFTERWARDS],
        due_at__gte=since,
        incident__in=queries.visible_to(actor),
    )
    return rows if until is None else rows.filter(due_at__lt=until)


def judged(at: datetime) -> dict[str, Count]:
    """How many of these clocks were kept, kept late, or are overdue."""
    runs = Q(is_dropped=False)
    return {
        "in_time": Count("pk", filter=runs & Q(met_at__lte=F("due_at"))),
        "late": Count("pk", filter=runs & Q(met_at__gt=F("due_at"))),
        "overdue": Count("pk", filter=runs & Q(met_at=None, due_at__lt=at)),
    }


def _by_contract(partner_id: int, *, actor: Actor, at: datetime) -> dict[str, Kept]:
    """Kind of clock → how it was kept."""
    due = owed(actor=actor, since=at - SPAN).filter(involvement__partner=partner_id)
    rows: Any = due.order_by().values("kind").annotate(**judged(at))
    return {
        row["kind"]: Kept(row["kind"], row["in_time"], row["late"], row["overdue"]) for row in rows
    }


def _updates(partner_id: int, *, actor: Actor, at: datetime) -> Kept:
    """Each notice that promised an update, and when the next one came."""
    sent = NoticeCopy.objects.filter(
        partner=partner_id,
        sent_at__gt=at - SPAN,
        involvement__is_exercise=False,
        notice__incident__in=queries.visible_to(actor),
    )
    followed = Window(Lead("sent_at"), partition_by="involvement_id", order_by=["sent_at", "id"])
    in_time = late = overdue = 0
    rows = sent.annotate(next_at=followed).order_by()
    for due, came, phase in rows.values_list(
        "next_update_at", "next_at", "notice__incident__phase"
    ):
        if due is None:
            continue
        if came is not None:
            in_time, late = in_time + (came <= due), late + (came > due)
        elif due < at and phase not in OVER:
            overdue += 1
    return Kept("Promised updates", in_time, late, overdue)


def _total(label: str, kept: Iterable[Kept]) -> Kept:
    rows = list(kept)
    return Kept(
        label,
        sum(row.in_time for row in rows),
        sum(row.late for row in rows),
        sum(row.overdue for row in rows),
    )
