"""What a rule makes of the times that are known: from when its clock counts, and when it is due.

Pure: rows are read elsewhere. Nothing is invented: without its anchors a rule has no clock.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from cases.models import RegimeRule
from incidentdesk.kernel import clocks
from incidentdesk.kernel.clocks import Calendar

NOON = time(12)
# Whose initial and intermediate reports wait for no weekend (RTS 2025/301 Art. 5(5)).
WITHOUT_WEEKENDS = frozenset({"credit", "ccp", "venue", "nis2"})


@dataclass(frozen=True)
class Party:
    """What a rule asks about who owes: by whose days it counts, and what it is."""

    calendar: Calendar
    entities: Collection[str] = ()
    waits_for_weekends: bool = True


@dataclass(frozen=True)
class Span:
    """From when a clock counts, and when it is due; at once, if there is no number."""

    anchor_at: datetime
    due_at: datetime


def missing(rule: RegimeRule, known: Mapping[str, datetime]) -> list[str]:
    """The anchors that have to be recorded before the clock runs: those it needs, and one of those
    it counts from."""
    lacks = [name for name in rule.needs if name not in known]
    if not any(name in known for name in rule.anchors):
        lacks += [name for name in rule.anchors[:1] if name not in lacks]
    return lacks


def span(rule: RegimeRule, known: Mapping[str, datetime], party: Party) -> Span | None:
    """When the clock of `rule` is due by the anchors that are `known`; None: it does not run."""
    if rule.kind == RegimeRule.Kind.STANDING or missing(rule, known):
        return None
    anchor = max(known[name] for name in rule.anchors if name in known)
    if rule.after and rule.after in known and anchor <= known[rule.after]:
        return None
    if rule.kind == RegimeRule.Kind.AT_ONCE:
        return Span(anchor, anchor)
    due = _under_ceiling(rule, known, anchor, _counted(rule, anchor, party))
    return Span(anchor, _past_weekend(rule, due, party))


def _counted(rule: RegimeRule, anchor: datetime, party: Party) -> datetime:
    amount = _amount(rule, party)
    if rule.until is not None:
        return clocks.working_day_at(anchor, amount, rule.until, party.calendar)
    return clocks.add(anchor, amount, rule.counting, party.calendar)


def _amount(rule: RegimeRule, party: Party) -> int:
    amount = rule.entity_amount if rule.entity in party.entities else rule.amount
    return amount or 0


def _under_ceiling(
    rule: RegimeRule, known: Mapping[str, datetime], anchor: datetime, due: datetime
) -> datetime:
    """No later than the ceiling, unless the anchor itself lies beyond it."""
    if rule.ceiling_minutes is None or rule.ceiling_anchor not in known:
        return due
    ceiling = known[rule.ceiling_anchor] + timedelta(minutes=rule.ceiling_minutes)
    return due if anchor > ceiling else min(due, ceiling)


def _past_weekend(rule: RegimeRule, due: datetime, party: Party) -> datetime:
    if not rule.weekend or not party.waits_for_weekends:
        return due
    if rule.weekend == RegimeRule.Weekend.BUT and WITHOUT_WEEKENDS & set(party.entities):
        return due
    return clocks.past_weekend(due, NOON, party.calendar)
