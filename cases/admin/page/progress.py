"""How far the incident is: the phase stepper out of its moves, the clocks of its deadlines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cases.admin.page import moments
from cases.models import Deadline, Incident, Move, Phase, Target
from cases.models.deadline import KINDS
from cases.models.incident import STEPS
from incidentdesk.kernel import clocks

SOON = 4  # the last quarter of a clock's time


@dataclass(frozen=True)
class Step:
    """One phase of the stepper."""

    label: str
    state: str  # "done", "now" or ""
    words: str


def steps(incident: Incident, moves: Sequence[Move], now: datetime) -> list[Step]:
    """The five phases: past ones with from–to and duration, the present one since when."""
    visits: dict[str, list[tuple[datetime, datetime | None]]] = {}
    for move, after in zip(moves, [*moves[1:], None], strict=True):
        visits.setdefault(move.to_phase, []).append((move.at, after.at if after else None))
    return [
        Step(
            phase.label,
            _state(incident, phase, was_there=phase in visits),
            _words(visits.get(phase, []), now),
        )
        for phase in STEPS
    ]


def _state(incident: Incident, phase: Phase, *, was_there: bool) -> str:
    if incident.phase == phase:
        return "now"
    if incident.phase == Phase.CLOSED:
        return "done"
    if incident.phase == Phase.DISMISSED:
        return "done" if was_there else ""
    return "done" if STEPS.index(phase) < STEPS.index(Phase(incident.phase)) else ""


def _words(visits: list[tuple[datetime, datetime | None]], now: datetime) -> str:
    if not visits:
        return ""
    start, end = visits[-1]
    spent = sum(((to or now) - since for since, to in visits), timedelta())
    if end is None:
        return f"since {moments.short(start, now)} · {clocks.words(spent)}"
    until = f"{end:%H:%M}" if end.date() == start.date() else moments.short(end, now)
    return f"{moments.short(start, now)} – {until} · {clocks.words(spent)}"


@dataclass(frozen=True)
class Clock:
    """One deadline as the page shows it; `due` and `soon` are for the countdown in the browser."""

    label: str
    state: str  # "met", "late", "soon" or ""
    value: str
    foot: str
    due: str = ""
    soon: str = ""  # from when it is shown as running out


FIRST = "first_notice"
_LABELS = {**dict(KINDS), "evaluate": "Evaluated"}


def running_clocks(
    deadlines: Sequence[Deadline],
    *,
    targets: Sequence[Target] = (),
    whose: str = "",
    contract: str = "",
    drafts: int,
    now: datetime,
) -> list[Clock]:
    """Every clock that applies, in the order in which they are due in an incident's life.

    `targets` are those of the severity: where one set the clock, it is said as it was agreed.
    `whose` are the partners that the first notice waits for, or that it reached too late;
    `contract` is what runs beside it by their contracts.
    """
    labels = {**_LABELS, FIRST: f"{whose}: first notice"} if whose else _LABELS
    order = [kind for kind, _ in KINDS]
    by_kind = {target.kind: target for target in targets}
    return [
        _clock(
            deadline,
            labels[deadline.kind],
            _target(deadline, by_kind.get(deadline.kind)),
            beside=_beside(contract, drafts) if deadline.kind == FIRST else "",
            now=now,
        )
        for deadline in sorted(deadlines, key=lambda d: order.index(d.kind))
        if not deadline.is_dropped
    ]


def _target(deadline: Deadline, target: Target | None) -> str:
    """How long it may take: in business days where they were counted, not the time they span."""
    if target is not None and target.counting == clocks.Counting.BUSINESS_DAYS:
        due = clocks.add(deadline.anchor_at, target.amount, target.counting)
        if due == deadline.due_at:  # else another target set it, before a change
            days = "business day" if target.amount == 1 else "business days"
            return f"target {target.amount} {days}"
    return f"target {clocks.words(deadline.due_at - deadline.anchor_at)}"


def _beside(contract: str, drafts: int) -> str:
    """What belongs to the first notice: who waits for whom, and that our own target is not all."""
    waits = "1 notice awaits approval" if drafts == 1 else f"{drafts} notices await approval"
    return "".join(f" · {words}" for words in (drafts and waits, contract) if words)


def _clock(deadline: Deadline, label: str, target: str, *, beside: str, now: datetime) -> Clock:
    whole = deadline.due_at - deadline.anchor_at
    if deadline.met_at is not None:
        took = clocks.words(max(deadline.met_at - deadline.anchor_at, timedelta()))
        if deadline.is_late:
            late = clocks.words(deadline.met_at - deadline.due_at)
            return Clock(label, "late", took, f"{target} · met {late} late")
        return Clock(label, "met", took, f"{target} · met")
    foot = f"due {moments.short(deadline.due_at, now)} · {target}{beside}"
    remains = deadline.due_at - now
    if remains <= timedelta():
        return Clock(label, "late", f"{clocks.words(remains)} late", foot)
    state = "soon" if remains * SOON < whole else ""
    due = deadline.due_at.isoformat() if remains < timedelta(days=1) else ""
    soon = (deadline.due_at - whole / SOON).isoformat() if due else ""
    return Clock(label, state, moments.left(remains), foot, due, soon)
