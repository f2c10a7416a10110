"""Alerts that open nothing: held back by maintenance or by a rule, and released when its time came.

Nothing that is held disappears: it stands on the page of what held it until it clears. What still
fires when its window ends opens then, as if it came at that moment.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet, Sum

from cases import timeline
from cases.intake import alert_rules, maintenance
from cases.intake.signal import Signal, kept, restored
from cases.models import (
    AlertRule,
    Entry,
    HeldAlert,
    Incident,
    LabelMapping,
    MaintenanceWindow,
    Source,
)
from incidentdesk.kernel.access import SYSTEM

MOST_RELEASED = 100  # alerts that a rule held and that come with those that meet it; the newest


@dataclass(frozen=True)
class Known:
    """What a source's new alerts are held against."""

    rules: Sequence[AlertRule]
    mappings: Sequence[LabelMapping]


@dataclass
class Sifted:
    """New alerts: those that may open an incident, and what rule was met with those that open one.

    `held` names, each once, what holds others back.
    """

    passed: list[Signal]
    held: list[str] = field(default_factory=list)
    met: dict[str, AlertRule] = field(default_factory=dict)  # by group


def sift(
    source: Source,
    fresh: Sequence[Signal],
    known: Known,
    *,
    times: Mapping[str, int],
    open_groups: Collection[str],
    at: datetime,
) -> Sifted:
    """Hold back what maintenance or a rule keeps from opening; runs with the groups locked.

    `times` says how often the delivery tells each alert. To an incident that is open, or that
    another alert of the group opens, alerts are added without being counted first.
    """
    sifted = Sifted(passed=[])
    windows = maintenance.in_force(at) if source.is_maintained else []
    rows: list[HeldAlert] = []
    for group, members in by_group(fresh).items():
        passing: list[Signal] = []
        counted: list[tuple[Signal, AlertRule]] = []
        for signal in members:
            rule = alert_rules.fitting(known.rules, signal)
            if window := maintenance.covering(windows, known.mappings, signal):
                rows.append(_row(source, signal, times, at, window=window))
            elif rule is not None and rule.times is not None:
                counted.append((signal, rule))
            else:
                passing.append(signal)
        if passing or group in open_groups:
            passing += [signal for signal, _ in counted]
        elif met := _met(group, counted, times, at=at):
            sifted.met[group] = met
            passing = _with_earlier(group, met, [signal for signal, _ in counted])
        else:
            rows += [_row(source, signal, times, at, rule=rule) for signal, rule in counted]
        sifted.passed += passing
    HeldAlert.objects.bulk_create(rows)
    sifted.held = list(dict.fromkeys(_by_what(row) for row in rows))
    return sifted


def _by_what(row: HeldAlert) -> str:
    return f"rule “{row.rule}”" if row.rule else f"maintenance “{row.window}”"


def _with_earlier(group: str, met: AlertRule, members: Sequence[Signal]) -> list[Signal]:
    """These, and what the rule held of their group and still fires."""
    held = _now(Q(rule=met, group_key=group)).order_by("-id")[:MOST_RELEASED]
    earlier = {row.external_key: signal_of(row) for row in reversed(held)}
    return list((earlier | {signal.key: signal for signal in members}).values())


def _met(
    group: str,
    counted: list[tuple[Signal, AlertRule]],
    times: Mapping[str, int],
    *,
    at: datetime,
) -> AlertRule | None:
    """The rule that these complete, if one is."""
    for rule in {rule.pk: rule for _, rule in counted}.values():
        since = at - timedelta(minutes=rule.within_minutes or 0)
        held = HeldAlert.objects.filter(
            rule=rule, group_key=group, at__gt=since, released_at=None
        ).aggregate(n=Sum("times"))["n"]
        here = sum(times.get(signal.key, 1) for signal, its in counted if its.pk == rule.pk)
        if (held or 0) + here >= (rule.times or 0):
            return rule
    return None


def released(incident: Incident, group: str, rule: AlertRule, *, at: datetime) -> None:
    """What the rule held of this group belongs to the incident that opened; its chain says so."""
    held = HeldAlert.objects.filter(rule=rule, group_key=group, released_at=None)
    held.update(released_at=at, incident=incident)
    text = (
        f"Rule “{rule}” was met: {rule.times} times within {rule.within_minutes} "
        f"minute{'' if rule.within_minutes == 1 else 's'}. What came before was held back."
    )
    timeline.record(incident, Entry.Kind.ALERT, text, by=SYSTEM, at=at)


def clear(source: Source, keys: Iterable[str], *, at: datetime) -> None:
    """Alerts cleared while they were held: they open nothing any more."""
    held = _now(Q(source=source, external_key__in=list(keys)))
    found = list(held.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))
    if found:
        HeldAlert.objects.filter(pk__in=found).update(cleared_at=at)


# --- what is stored of an alert -------------------------------------------------------------------


def signal_of(row: HeldAlert) -> Signal:
    """The alert that was held, as it came."""
    return restored(row.signal)


def _row(
    source: Source,
    signal: Signal,
    times: Mapping[str, int],
    at: datetime,
    *,
    rule: AlertRule | None = None,
    window: MaintenanceWindow | None = None,
) -> HeldAlert:
    return HeldAlert(
        source=source,
        rule=rule,
        window=window,
        external_key=signal.key,
        group_key=signal.group,
        title=signal.title,
        signal=kept(signal),
        times=times.get(signal.key, 1),
        at=at,
    )


def _now(where: Q) -> QuerySet[HeldAlert]:
    return HeldAlert.objects.filter(where, cleared_at=None, released_at=None)


def by_group(signals: Iterable[Signal]) -> dict[str, list[Signal]]:
    """In the order of the first of each group."""
    found: dict[str, list[Signal]] = {}
    for signal in signals:
        found.setdefault(signal.group, []).append(signal)
    return found
