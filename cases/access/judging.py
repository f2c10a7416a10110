"""Holding what arrived against the rules: each finding opens an incident, or feeds the open one.

All state is rows. Events that no rule has seen are claimed, so that several workers share them; a
worker that dies leaves them unclaimed, and nothing is lost. What is found becomes alerts of the
desk's own source, handled as those of a delivery are: one alert a finding, one incident a rule and
whose doing it is. No delivery came, so none stands under Events of that source; what an alert rests
on are the access events attached to it.

What cannot be judged is not tried for ever: where a rule fails at an event, that is logged and
passed over, and what stands behind it goes on.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import DatabaseError, DataError, transaction

from cases.access import own, rules, stored
from cases.access.seen import Found, Seen
from cases.intake import alerts
from cases.intake.signal import Action, Signal, text
from cases.models import AccessEvent, AccessFinding, AccessRule, Alert, Incident
from cases.models.incident import OVER
from incidentdesk.kernel import worker

logger = logging.getLogger(__name__)

A_BATCH = 1_000
BATCHES = 20
MOST_ATTACHED = 500  # events of one alert; of a longer attack the newest of each batch is added
_ATTEMPTS = 3
_NAMED = 20  # events passed over that the log names
Attached = dict[tuple[AccessRule, int], Alert]  # by rule and event


@dataclass(frozen=True)
class Finding:
    """What a rule found. `alert` is what its first events belong to already, if they do, `group`
    the incident that it opens or feeds."""

    rule: AccessRule
    found: Found
    alert: Alert | None
    group: str

    @property
    def key(self) -> str:
        """The alert; a stretch of events that was told already keeps its own."""
        if self.alert is not None:
            return self.alert.external_key
        return f"{_group(self.rule, self.found)}:{self.found.events[0].id}"

    @property
    def is_over(self) -> bool:
        """Whether its incident was closed or dismissed: it is fed, and nobody is called again."""
        return self.alert is not None and self.alert.incident.phase in OVER


def judge(*, at: datetime) -> int:
    """Show the rules the events that they have not seen. Answers how many those were.

    After so many it lets other work of the queue come first, and is woken again behind it.
    """
    judged = 0
    for _ in range(BATCHES):
        if not (batch := _tried(at=at)):
            return judged
        judged += batch
    worker.wake(stored.JUDGE)
    return judged


def _tried(*, at: datetime) -> int:
    """A click may hand an incident over, or lock it the other way round, meanwhile."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return _judge_some(at=at)
        except DatabaseError:
            if attempt == _ATTEMPTS:
                raise
    return 0


@transaction.atomic
def _judge_some(*, at: datetime) -> int:
    unseen = AccessEvent.objects.select_for_update(
        skip_locked=True,
        no_key=True,  # others may attach them meanwhile
    ).filter(is_judged=False)
    events = [stored.seen(row) for row in unseen.order_by("id")[:A_BATCH]]
    if not events:
        return 0
    watching = list(AccessRule.objects.filter(is_on=True).select_related("category"))
    if _hold(watching, events, at=at):
        for rule in watching:
            _part_by_part(rule, events, at=at)
    AccessEvent.objects.filter(pk__in=[event.id for event in events]).update(is_judged=True)
    return len(events)


def _hold(
    watching: Sequence[AccessRule], events: Sequence[Seen], *, at: datetime
) -> Exception | None:
    """Hold events against rules. Answers what failed; it is as if nothing had been, then. A failure
    of the database is raised: it is no fault of the events, and all is tried again."""
    try:
        with transaction.atomic():
            found = [(rule, one) for rule in watching for one in find(rule, events)]
            if found:
                _tell(found, {event.id for event in events}, at=at)
    except Exception as error:
        if isinstance(error, DatabaseError) and not isinstance(error, DataError):
            raise
        return error
    return None


def _part_by_part(rule: AccessRule, events: Sequence[Seen], *, at: datetime) -> None:
    """Halve until each event that fails stands alone; log those, and pass over them."""
    waiting, failed, why = [events], [], None
    while waiting:
        part = waiting.pop()
        if (fault := _hold([rule], part, at=at)) is None:
            continue
        if len(part) == 1:
            failed.append(part[0].id)
            why = fault
        else:
            waiting += [part[len(part) // 2 :], part[: len(part) // 2]]
    if failed:
        named = ", ".join(map(str, failed[:_NAMED]))
        said = "Access rule %s fails at %s of %s access events, which it passes over: %s"
        logger.error(said, rule.pk, len(failed), len(events), named, exc_info=why)


def find(rule: AccessRule, events: Sequence[Seen]) -> list[Found]:
    """What these events complete; what was complete without them was found before."""
    concerned = {event.id: event for event in events if rules.KINDS[rule.kind].concerns(event)}
    if not concerned:
        return []
    known = {event.id: event for event in stored.around(rule, list(concerned.values()))}
    found = rules.find(rule, (concerned | known).values())
    return [one for one in found if any(event.id in concerned for event in one.events)]


def _tell(found: list[tuple[AccessRule, Found]], fresh: set[int], *, at: datetime) -> None:
    """Open or feed, all at once, and attach the events. No delivery is kept of it."""
    before = _attached(found)
    findings = _placed(found, before)
    signals = {each.key: _signal(each) for each in findings if not each.is_over}
    source = own.source()
    if signals:
        alerts.handle(source=source, signals=list(signals.values()), at=at)
    firing = Alert.objects.filter(source=source, external_key__in=signals, resolved_at=None)
    by_key = {alert.external_key: alert for alert in firing}
    for each in findings:
        alert = each.alert if each.is_over else by_key.get(each.key)  # none while held back
        if alert is not None:
            _attach(each, alert, before, fresh)


def _group(rule: AccessRule, found: Found) -> str:
    """One incident a rule and subject, while it is open."""
    return text(f"access:{rule.kind}:{found.subject}", 400)


def _family(rule: AccessRule) -> str:
    return rules.KINDS[rule.kind].family or rule.kind


def _placed(found: list[tuple[AccessRule, Found]], before: Attached) -> list[Finding]:
    """Where each belongs: to the alert that it goes on with, or to the attack that another rule of
    its family found in the same events, or to the incident of its rule and subject."""
    known: dict[tuple[str, int], tuple[str, Alert | None]] = {}
    for (rule, event_id), told in before.items():
        known.setdefault((_family(rule), event_id), (told.group_key, told))
    placed = []
    for rule, one in found:
        family = _family(rule)
        own = [before[rule, e.id] for e in one.events if (rule, e.id) in before]
        kin = [known[family, e.id] for e in one.events if (family, e.id) in known]
        place: tuple[str, Alert | None] = kin[0] if kin else (_group(rule, one), None)
        group, alert = place
        if own:
            group, alert = own[-1].group_key, own[-1]
        elif alert is not None and alert.incident.phase not in OVER:
            alert = None  # another alert of the same incident
        placed.append(Finding(rule, one, alert, group))
        for event in one.events:
            known.setdefault((family, event.id), (group, alert))
    return placed


def _attached(found: list[tuple[AccessRule, Found]]) -> Attached:
    """The alerts to which any of these events belong already, by rule and event."""
    ids = {event.id for _, one in found for event in one.events}
    rows = AccessFinding.objects.filter(event__in=ids).select_related("rule", "alert__incident")
    return {(row.rule, row.event_id): row.alert for row in rows.order_by("id")}


def _signal(finding: Finding) -> Signal:
    found, rule = finding.found, finding.rule
    first, last = found.events[0], found.events[-1]
    body = (
        f"{rules.explain(rule)}\n\n{found.number} events, {first.at:%-d %b %Y %H:%M:%S} to "
        f"{last.at:%H:%M:%S} UTC. They are listed under Alerts."
    )
    return Signal(
        action=Action.FIRE,
        key=finding.key,
        group=finding.group,
        title=text(found.title, 200),
        body=body,
        urgency=rule.urgency,
        started_at=first.at,
        labels={"rule": rule.name, "address": last.address or "", "account": last.actor},
        category=(rule.category_id, rule.category.key),
        detection=Incident.Detection.LOG,
    )


def _attach(finding: Finding, alert: Alert, before: Attached, fresh: set[int]) -> None:
    rule, events = finding.rule, finding.found.events
    missing = [event for event in events if (rule, event.id) not in before]
    room = max(MOST_ATTACHED - (len(events) - len(missing)), 0)
    chosen = missing[:room]
    newest = [event for event in missing[room:] if event.id in fresh][-1:]
    AccessFinding.objects.bulk_create(
        [AccessFinding(rule=rule, event_id=e.id, alert=alert) for e in (*chosen, *newest)],
        ignore_conflicts=True,
    )
