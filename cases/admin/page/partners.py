"""The partners of an incident as the page lists them: what each was told and has read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Prefetch

from cases.admin.page import moments
from cases.models import Incident, Involvement, Notice, NoticeCopy


@dataclass(frozen=True)
class PartnerRow:
    """One partner: when it was told last, and whether it has read that."""

    involvement: Involvement
    notified: str
    read: str
    is_waiting: bool  # a notice for it is drafted or approved, none is sent
    sees: str


def rows(incident: Incident, now: datetime) -> list[PartnerRow]:
    """Every partner of the incident. Two queries, whatever their number."""
    copies = NoticeCopy.objects.select_related("notice").order_by("-id").defer("body")
    involvements = incident.involvements.select_related("partner", "decided_by").prefetch_related(
        Prefetch("copies", queryset=copies)
    )
    return [_row(involvement, now) for involvement in involvements]


def _row(involvement: Involvement, now: datetime) -> PartnerRow:
    copies: Sequence[NoticeCopy] = list(involvement.copies.all())
    sent = [copy for copy in copies if copy.sent_at is not None]
    live = (Notice.State.DRAFT, Notice.State.APPROVED)
    waiting = [copy.notice for copy in copies if copy.notice.state in live]
    notified, read = "not yet", "—"
    if sent:
        last = max(sent, key=lambda copy: (copy.sent_at or now, copy.pk))
        notified = moments.short(last.sent_at or now, now)
        read = (
            f"✓ {moments.short(last.acknowledged_at, now)}" if last.acknowledged_at else "not yet"
        )
    elif waiting:
        notified = "approved" if waiting[0].state == Notice.State.APPROVED else "draft"
    seen = involvement.disclosed_at
    sees = f"since {moments.short(seen, now)}" if seen else "nothing yet"
    return PartnerRow(involvement, notified, read, bool(waiting) and not sent, sees)
