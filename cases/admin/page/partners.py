"""The partners of an incident as the page lists them: what each was told and acknowledged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Prefetch

from cases.admin.page import moments
from cases.models import Deadline, Incident, Involvement, Notice, NoticeCopy
from cases.models.deadline import AFTERWARDS, PARTNER_NOTICE
from incidentdesk.kernel import clocks


@dataclass(frozen=True)
class PartnerClock:
    """What this partner was promised, in words, and a class for its colour."""

    label: str
    words: str
    colour: str


@dataclass(frozen=True)
class PartnerRow:
    """One partner: when it was told first and last, and whether it acknowledged the last."""

    involvement: Involvement
    told: str
    is_told: bool
    is_waiting: bool  # a notice for it is drafted or approved, none is sent
    sees: str
    clocks: list[PartnerClock]
    next: list[PartnerClock]  # of them those of notices, and of the facts what comes next


def rows(incident: Incident, deadlines: Sequence[Deadline], now: datetime) -> list[PartnerRow]:
    """Every partner of the incident, with its own of the `deadlines`. Two queries for all."""
    copies = NoticeCopy.objects.select_related("notice").order_by("-id").defer("body")
    involvements = incident.involvements.select_related("partner", "decided_by").prefetch_related(
        Prefetch("copies", queryset=copies)
    )
    return [
        _row(row, [d for d in deadlines if d.involvement_id == row.pk], now) for row in involvements
    ]


def _row(involvement: Involvement, promised: Sequence[Deadline], now: datetime) -> PartnerRow:
    copies: Sequence[NoticeCopy] = list(involvement.copies.all())
    sent = sorted((copy for copy in copies if copy.sent_at), key=_order)
    live = (Notice.State.DRAFT, Notice.State.APPROVED)
    waiting = [copy.notice for copy in copies if copy.notice.state in live]
    told = "Not told yet"
    if sent:
        told = _told(sent, now)
    elif waiting:
        is_approved = waiting[0].state == Notice.State.APPROVED
        told = f"Not told yet: a notice is {'approved' if is_approved else 'drafted'}"
    seen = involvement.disclosed_at
    sees = f"it since {moments.short(seen, now)}" if seen else "nothing of it yet"
    live_clocks = [deadline for deadline in promised if not deadline.is_dropped]
    facts = [d for d in live_clocks if d.kind in AFTERWARDS and d.met_at is None]
    near = [d for d in live_clocks if d.kind not in AFTERWARDS] + facts[:1]
    all_clocks, next_ones = ([clock(d, now) for d in rows] for rows in (live_clocks, near))
    is_waiting = bool(waiting) and not sent
    return PartnerRow(involvement, told, bool(sent), is_waiting, sees, all_clocks, next_ones)


def _order(copy: NoticeCopy) -> tuple[datetime | None, int]:
    return copy.sent_at, copy.pk


def _told(sent: Sequence[NoticeCopy], now: datetime) -> str:
    """When the first notice went, and the last one where that is another, and who has read that."""
    first, last = (moments.short(copy.sent_at or now, now) for copy in (sent[0], sent[-1]))
    by_them = sent[-1].acknowledged_at
    seen = f"acknowledged {moments.short(by_them, now)}" if by_them else "not acknowledged yet"
    between = f" · last notice {last}" if len(sent) > 1 else ""
    return f"{'First told' if between else 'Told'} {first}{between}, {seen}"


def first_told(rows: Sequence[PartnerRow], deadline: Deadline | None) -> str:
    """Whom the clock of the first notice waits for; once it is met late, who was told too late."""
    if deadline is None or (deadline.met_at is not None and not deadline.is_late):
        return ""
    owed = [row.involvement for row in rows if row.involvement.decision not in Involvement.NOT_TOLD]
    names = []
    for involvement in owed:
        sent = [copy.sent_at for copy in involvement.copies.all() if copy.sent_at]
        if not sent or min(sent) > deadline.due_at:
            names.append((bool(sent), involvement.partner.name))
    waits = [name for is_sent, name in names if not is_sent] or [name for _, name in names]
    more = f" and {len(waits) - 1} more" if len(waits) > 1 else ""
    return f"{waits[0]}{more}" if waits else ""


def soonest(rows: Sequence[PartnerRow], deadlines: Sequence[Deadline], now: datetime) -> str:
    """Of the contracts' own clocks for a first notice that run, the one that is due first."""
    running = [d for d in deadlines if d.kind == PARTNER_NOTICE and not (d.met_at or d.is_dropped)]
    if not running:
        return ""
    first = min(running, key=lambda deadline: deadline.due_at)
    name = next(
        r.involvement.partner.name for r in rows if r.involvement.pk == first.involvement_id
    )
    left = first.due_at - now
    words = f"{clocks.words(left)} {'left' if left > timedelta() else 'overdue'}"
    return f"earliest contract clock: {name}, {words}"


def clock(deadline: Deadline, now: datetime) -> PartnerClock:
    """How a promise stands: kept or late, due or overdue."""
    label = deadline.get_kind_display()
    if deadline.met_at is not None:
        if deadline.is_late:
            late = clocks.words(deadline.met_at - deadline.due_at)
            return PartnerClock(label, f"{late} late", "bad")
        return PartnerClock(label, "on time", "ok")
    left = deadline.due_at - now
    if left <= timedelta():
        return PartnerClock(label, f"{clocks.words(left)} overdue", "bad")
    is_soon = left * 4 < deadline.due_at - deadline.anchor_at
    words = f"due {moments.short(deadline.due_at, now)}, in {clocks.words(left)}"
    return PartnerClock(label, words, "warn" if is_soon else "")
