"""The facts that a review starts from, read from its incident: phases, clocks, gates, partners."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Min, Q

from cases import gates
from cases.models import Incident, Involvement
from cases.models.incident import OVER, STEPS
from incidentdesk.kernel import clocks


@dataclass(frozen=True)
class PhaseTime:
    """How long an incident was in a phase, all stays together; `stays` says how many."""

    label: str
    span: timedelta
    stays: int

    @property
    def words(self) -> str:
        """The time as a person says it."""
        return clocks.words(self.span)


@dataclass(frozen=True)
class Late:
    """A target time that was missed."""

    label: str
    by: timedelta
    is_met: bool

    @property
    def words(self) -> str:
        """By how much."""
        return f"{clocks.words(self.by)} late" + ("" if self.is_met else ", still open")


def phase_times(incident: Incident, *, at: datetime) -> list[PhaseTime]:
    """The time spent in each phase so far, in the order of the phases. One query."""
    moves = list(incident.moves.order_by("id"))
    ends = [move.at for move in moves[1:]] + [at]
    spans: dict[str, list[timedelta]] = {}
    for move, end in zip(moves, ends, strict=True):
        if move.to_phase not in OVER:
            spans.setdefault(move.to_phase, []).append(max(end - move.at, timedelta()))
    return [
        PhaseTime(step.label, sum(spans[step], timedelta()), len(spans[step]))
        for step in STEPS
        if step in spans
    ]


def late_clocks(incident: Incident, *, at: datetime) -> list[Late]:
    """The target times that were missed, or are late by now. One query."""
    known = incident.deadlines.select_related("involvement__partner")
    running = [d for d in known if d.met_at or not d.is_dropped]
    ends = ((deadline, deadline.met_at or at) for deadline in running)
    return [
        Late(deadline.label, end - deadline.due_at, deadline.met_at is not None)
        for deadline, end in ends
        if end > deadline.due_at
    ]


@dataclass(frozen=True)
class Passed:
    """A gate that was passed unmet: its words, why, and by whom."""

    words: str
    reason: str
    by: str
    at: datetime


def gates_waived(incident: Incident) -> list[Passed]:
    """The gates that the commander let be passed, in the order of time. One query."""
    words = {gate.key: gate.words for table in gates.TABLE.values() for gate in table}
    return [
        Passed(words.get(row.gate, row.gate), row.reason, str(row.waived_by), row.waived_at)
        for row in incident.waivers.select_related("waived_by").order_by("id")
    ]


def sent_alone(incident: Incident) -> list[Passed]:
    """The notices that a commander sent without an approval, and why. One query."""
    rows = incident.notices.exclude(emergency_reason="").select_related("sent_by")
    return [
        Passed(row.get_kind_display(), row.emergency_reason, str(row.sent_by), row.sent_at)
        for row in rows.order_by("sent_at", "id")
        if row.sent_at is not None
    ]


def partners_told(incident: Incident) -> list[Involvement]:
    """The partners involved, each with `told_at` (the first notice sent) or None. One query."""
    sent = Q(copies__sent_at__isnull=False)
    rows = incident.involvements.select_related("partner")
    return list(rows.annotate(told_at=Min("copies__sent_at", filter=sent)))
