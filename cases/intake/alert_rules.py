"""The rules of a source: how its alerts are grouped, and how often they come before one opens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cases.intake import mapping
from cases.intake.signal import Action, Signal, text
from cases.models import AlertRule, Source


def of(source: Source) -> list[AlertRule]:
    """Those that are on, in the order in which they are tried."""
    if not source.has_rules:
        return []
    found = AlertRule.objects.filter(source_id=source.pk, is_on=True)
    return list(found.order_by("position", "id"))


def fitting(rules: Sequence[AlertRule], signal: Signal) -> AlertRule | None:
    """The rule that counts for an alert: the first whose label has a value that fits."""
    labels = {mapping.TITLE: signal.title, **signal.labels}
    for rule in rules:
        if not rule.label:
            return rule
        if rule.label in labels and mapping.fits(rule.pattern, labels[rule.label]):
            return rule
    return None


def grouped(rules: Sequence[AlertRule], signals: list[Signal]) -> list[Signal]:
    """The alerts, in the groups that their rules make; else as their sender grouped them."""
    return [_grouped(rules, one) if one.action == Action.FIRE else one for one in signals]


def _grouped(rules: Sequence[AlertRule], signal: Signal) -> Signal:
    rule = fitting(rules, signal)
    if rule is None or not rule.group_by:
        return signal
    values = "; ".join(f"{name}={signal.labels.get(name, '')}" for name in names(rule))
    return replace(signal, group=text(f"rule {rule.pk}: {values}", 400))


def names(rule: AlertRule) -> list[str]:
    """The labels by which it groups."""
    return [name for part in rule.group_by.split(",") if (name := part.strip())]


def explain(rule: AlertRule) -> str:
    """The rule in words."""
    meant = f"Alerts whose {rule.label} is {rule.pattern}" if rule.label else "All its alerts"
    parts = []
    if rule.group_by:
        same = ", ".join(names(rule))
        parts.append(f"with the same {same} are one incident")
    if rule.together_minutes:
        minutes = _minutes(rule.together_minutes)
        parts.append(f"open another one when the last came more than {minutes} ago")
    if rule.times and rule.within_minutes:
        minutes = _minutes(rule.within_minutes)
        parts.append(f"open one only when they come {rule.times} times within {minutes}")
    return f"{meant} {'; '.join(parts) or 'open incidents as their sender groups them'}."


def _minutes(number: int) -> str:
    return "a minute" if number == 1 else f"{number} minutes"
