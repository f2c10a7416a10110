"""New alerts: held back, added to the open incident of their group, or opening one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from cases import timeline
from cases.intake import alert_rules, holding, mapping, opening
from cases.intake.receipt import Receipt, told
from cases.intake.signal import Signal
from cases.models import Alert, AlertRule, Entry, Incident, LabelMapping, Source
from incidentdesk.kernel.access import SYSTEM
from incidentdesk.kernel.prepared import Inserted

_ALERTS = Inserted(Alert)


def open_or_join(
    source: Source,
    firing: Sequence[Signal],
    rules: Sequence[AlertRule],
    incidents: Sequence[tuple[Incident, list[str]]],
    receipt: Receipt,
    *,
    at: datetime,
) -> None:
    """What becomes of alerts that did not fire before; `incidents` are locked, with their groups.

    An alert that the delivery tells more than once is one, as it is told last.
    """
    mappings = mapping.of(source)
    fresh = [mapping.hinted(mappings, one) for one in {one.key: one for one in firing}.values()]
    going_on = _going_on(fresh, rules, incidents, at=at)
    sifted = holding.sift(
        source,
        fresh,
        holding.Known(rules, mappings),
        times=Counter(signal.key for signal in firing),
        open_groups=going_on,
        at=at,
    )
    receipt.hold(sifted.held)
    if sifted.passed:
        _place(source, sifted, going_on, mappings, receipt, at=at)


def _place(
    source: Source,
    sifted: holding.Sifted,
    going_on: Mapping[str, Incident],
    mappings: Sequence[LabelMapping],
    receipt: Receipt,
    *,
    at: datetime,
) -> None:
    """Each group to its incident, with its alerts."""
    made: list[Alert] = []
    opened: list[tuple[Incident, list[Signal], list[Alert]]] = []
    for group, members in holding.by_group(sifted.passed).items():
        if group in going_on:
            incident = _join(going_on[group], members, receipt, at=at)
        else:
            incident = opening.open_from(source, members, mappings, at=at)
            receipt.note("opened", incident.pk, told(incident))
        mapping.place(incident, source, mappings, members, at=at)
        alerts = [opening.alert(source, incident, signal, at=at) for signal in members]
        made += alerts
        if group not in going_on:
            opened.append((incident, members, alerts))
        if met := sifted.met.get(group):
            holding.released(incident, group, met, at=at)
    # In order: two that bring the same alerts through other groups wait for each other here.
    _ALERTS.add(*sorted(made, key=lambda alert: alert.external_key))
    for incident, members, alerts in opened:
        opening.support(incident, source, members, alerts, at=at)


def _going_on(
    fresh: Sequence[Signal],
    rules: Sequence[AlertRule],
    incidents: Sequence[tuple[Incident, list[str]]],
    *,
    at: datetime,
) -> dict[str, Incident]:
    """The open incident that each group's alerts join; a rule may let it pass after a time."""
    found = {}
    for group, members in holding.by_group(fresh).items():
        joined = [one for one, its in incidents if group in its and one.is_open]
        rule = alert_rules.fitting(rules, members[0])
        if joined and rule is not None and rule.together_minutes:
            since = at - timedelta(minutes=rule.together_minutes)
            if not joined[-1].alerts.filter(group_key=group, last_at__gt=since).exists():
                continue
        if joined:
            found[group] = joined[-1]
    return found


def _join(incident: Incident, members: list[Signal], receipt: Receipt, *, at: datetime) -> Incident:
    """New alerts join the open incident of their group."""
    receipt.note("folded", incident.pk, told(incident))
    names = "; ".join(signal.title for signal in members)
    timeline.record(incident, Entry.Kind.ALERT, f"Joined by: {names}", by=SYSTEM, at=at)
    if incident.recovery_proposed_at is not None:  # it fires again
        incident.recovery_proposed_at = None
        incident.save(update_fields=["recovery_proposed_at"])
    return incident
