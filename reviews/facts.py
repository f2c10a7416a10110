"""The facts that a review starts from, read from its incident: phases and clocks, severities, gates
waived, notices sent alone, temporary fixes, and what each partner was told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Prefetch, Q

from cases import gates
from cases.models import Deadline, Entry, Fix, Incident, Involvement, NoticeCopy, Phase
from cases.models.deadline import AFTERWARDS, FIRST_NOTICE, NEXT_UPDATE, PARTNER_NOTICE
from cases.models.incident import OVER, STEPS
from incidentdesk.kernel import clocks

# By which target time a phase is measured; Mitigation has none of its own.
MEASURED_BY = {
    Phase.IDENTIFICATION: "evaluate",
    Phase.CONTAINMENT: "contain",
    Phase.RECOVERY: "recover",
    Phase.REVIEW: "review",
}
TELLING = (FIRST_NOTICE, PARTNER_NOTICE, NEXT_UPDATE, *AFTERWARDS)


@dataclass(frozen=True)
class PhaseTime:
    """How long an incident was in a phase, all stays together; `stays` says how many.

    `target` is how that stands against the target time of the phase, if it has one.
    """

    label: str
    span: timedelta
    stays: int
    target: str = ""
    is_late: bool = False

    @property
    def words(self) -> str:
        """The time as a person says it."""
        return clocks.words(self.span)


@dataclass(frozen=True)
class Late:
    """A target time that was missed; `is_telling`: a notice or facts that came late."""

    label: str
    by: timedelta
    is_met: bool
    is_telling: bool = False

    @property
    def words(self) -> str:
        """By how much."""
        return f"{clocks.words(self.by)} late" + ("" if self.is_met else ", still open")


def clocks_of(incident: Incident) -> list[Deadline]:
    """Its clocks and those of its partners, but for what was dropped. One query."""
    known = incident.deadlines.select_related("involvement__partner")
    return [row for row in known if row.met_at or not row.is_dropped]


def phase_times(incident: Incident, known: Sequence[Deadline], *, at: datetime) -> list[PhaseTime]:
    """The time spent in each phase so far, in the order of the phases. One query."""
    moves = list(incident.moves.order_by("id"))
    ends = [move.at for move in moves[1:]] + [at]
    spans: dict[str, list[timedelta]] = {}
    for move, end in zip(moves, ends, strict=True):
        if move.to_phase not in OVER:
            spans.setdefault(move.to_phase, []).append(max(end - move.at, timedelta()))
    targets = {row.kind: row for row in known if row.involvement_id is None}
    return [
        PhaseTime(
            step.label,
            sum(spans[step], timedelta()),
            len(spans[step]),
            *_against(targets.get(MEASURED_BY.get(step, "")), at),
        )
        for step in STEPS
        if step in spans
    ]


def late_clocks(known: Sequence[Deadline], *, at: datetime) -> list[Late]:
    """The target times that were missed, or are late by now. No query."""
    ends = ((deadline, deadline.met_at or at) for deadline in known)
    return [
        Late(
            deadline.label,
            end - deadline.due_at,
            deadline.met_at is not None,
            deadline.kind in TELLING,
        )
        for deadline, end in ends
        if end > deadline.due_at
    ]


def _against(target: Deadline | None, at: datetime) -> tuple[str, bool]:
    if target is None:
        return "", False
    end = target.met_at or at
    span = clocks.words(end - target.due_at)
    if end > target.due_at:
        return f"{target.label}: {span} late{'' if target.met_at else ', still open'}", True
    return f"{target.label}: {span} {'before it was due' if target.met_at else 'left'}", False


def severities(incident: Incident) -> list[Entry]:
    """The entry that it opened with, and each that changed its severity. One query."""
    told = Q(kind=Entry.Kind.OPENED) | Q(severity_change__isnull=False)
    return list(
        incident.entries.filter(told).select_related("severity_change").order_by("sequence")
    )


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


def temporary_fixes(incident: Incident) -> list[Fix]:
    """The fixes that were meant to end, with their owners; none that was withdrawn. One query."""
    rows = incident.fixes.filter(kind=Fix.Kind.TEMPORARY).exclude(state=Fix.State.WITHDRAWN)
    return list(rows.select_related("owner").order_by("id"))


@dataclass(frozen=True)
class Told:
    """A partner of the incident, and what it was sent, in the order of time."""

    involvement: Involvement
    copies: list[NoticeCopy]


def partners_told(incident: Incident) -> list[Told]:
    """What each partner involved was told; two queries."""
    sent = NoticeCopy.objects.filter(sent_at__isnull=False).order_by("sent_at", "id")
    rows = incident.involvements.select_related("partner").order_by("partner__name")
    found = rows.prefetch_related(Prefetch("copies", queryset=sent, to_attr="sent_copies"))
    return [Told(row, row.sent_copies) for row in found]
