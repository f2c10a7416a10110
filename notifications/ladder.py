"""Which steps of an escalation are due, whom they reach, and when it goes on. Reads only.

A step without anybody to page is passed over to the next at once. If nobody at all is left, or the
path was repeated often enough, the administrators are paged: the last resort is never empty as long
as there is one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from incidentdesk.kernel.models import User
from notifications.models import Escalation, EscalationStep
from notifications.rotas import oncall

LAST_RESORT = "last-resort"
LAST_RESORT_REPEAT = timedelta(minutes=15)
NOBODY_REPEAT = timedelta(minutes=5)


@dataclass(frozen=True)
class Rung:
    """One thing to do: page these people, as the step that `key` and `words` name."""

    key: str
    words: str
    people: Sequence[User]
    addresses: Sequence[str] = ()  # of whom it tells as well, and who cannot acknowledge


@dataclass(frozen=True)
class Climb:
    """All that is due now, in order, and where the escalation stands afterwards."""

    rungs: Sequence[Rung]
    next_position: int
    next_action_at: datetime
    is_round_over: bool


def climb(escalation: Escalation, *, at: datetime) -> Climb:
    """What is due at `at`. After a standstill that is every overdue step, in order."""
    steps = list(escalation.path.steps.order_by("position")) if escalation.path else []
    ahead = [step for step in steps if step.position >= escalation.next_position]
    if not ahead:
        return _repeat(escalation, steps[-1:], at=at)
    rungs: list[Rung] = []
    for step in ahead:
        is_passed_on = bool(rungs) and not rungs[-1].people
        due_at = _due_at(escalation, step)
        if due_at > at and not is_passed_on:
            return Climb(rungs, step.position, due_at, is_round_over=False)
        rungs.append(_rung(step, str(step), at=at))
    return _end_of_round(escalation, rungs, ahead[-1].position + 1, at=at)


def _rung(step: EscalationStep, words: str, *, at: datetime) -> Rung:
    return Rung(str(step.position), words, people_of(step, at=at), step.addresses)


def people_of(step: EscalationStep, *, at: datetime) -> list[User]:
    """The active staff of a step, of its groups and roles, and who its rotas have on call at that
    moment, each once."""
    reached = Q(escalation_steps=step) | Q(notification_groups__escalation_steps=step)
    reached |= Q(pk__in=oncall.holders(step, at=at))
    if step.roles:
        reached |= Q(roles__overlap=step.roles)
    return list(oncall.pageable().filter(reached).distinct().order_by("id"))


def administrators() -> list[User]:
    """The last resort: active administrators, the oldest account first."""
    return list(oncall.pageable().filter(roles__contains=["administrator"]).order_by("id"))


def _repeat(escalation: Escalation, last: Sequence[EscalationStep], *, at: datetime) -> Climb:
    """Nothing is ahead: the last step is done again."""
    rungs = [_rung(step, f"{step}, again", at=at) for step in last]
    return _end_of_round(escalation, rungs, escalation.next_position, at=at)


def _end_of_round(
    escalation: Escalation, rungs: list[Rung], next_position: int, *, at: datetime
) -> Climb:
    path = escalation.path
    is_long = path is not None and escalation.round > path.repeats
    if not rungs or not rungs[-1].people or is_long:
        rungs = [*rungs, Rung(LAST_RESORT, "Last resort", administrators())]
    wait = NOBODY_REPEAT
    if any(rung.people for rung in rungs[-2:]):
        wait = timedelta(minutes=path.repeat_minutes) if path else LAST_RESORT_REPEAT
    return Climb(rungs, next_position, at + wait, is_round_over=True)


def _due_at(escalation: Escalation, step: EscalationStep) -> datetime:
    return escalation.started_at + timedelta(minutes=step.after_minutes)
