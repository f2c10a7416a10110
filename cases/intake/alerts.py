"""Alerts: an accepted delivery opens incidents, folds into open ones, or resolves.

A repeat is one statement, which `statements.find` has run before anything here is called. A new
alert takes locks on its group and on itself first, so that parallel copies of one request open one
incident. If opening fails, the delivery alone is kept and a job opens it.
"""

from __future__ import annotations

import logging
from datetime import datetime

from django.db import DatabaseError, transaction

from cases import timeline
from cases.intake import alert_rules, backlog, formats, holding, joining, statements
from cases.intake.receipt import Receipt, told
from cases.intake.signal import Action, Signal
from cases.models import Alert, Entry, Event, Incident, Phase, Source
from incidentdesk.kernel import failpoints
from incidentdesk.kernel.access import SYSTEM
from incidentdesk.kernel.prepared import Inserted

logger = logging.getLogger(__name__)

_EVENTS = Inserted(Event)
_ATTEMPTS = 3  # a deadlock, or a race over one alert, is tried again before it waits for the job


def receive(
    *,
    source: Source,
    raw: str,
    signals: list[Signal],
    delivery_id: str = "",
    said: str = "",
    at: datetime,
) -> Receipt:
    """Handle what is more than a repeat, and store it, in one transaction; answer after the commit.

    If handling fails, the delivery alone is stored as pending: it is accepted, and a job opens it.
    What is said of an alert that may still wait there waits behind it. `delivery_id` is the name
    that its sender gave it alone; `said` is what became of it, where that is no incident.
    """
    known = {"delivery_id": delivery_id, "said": said}
    attempts = 0 if _has_to_wait(source, signals) else _ATTEMPTS
    for attempt in range(attempts):
        try:
            with transaction.atomic():
                receipt = handle(source=source, signals=signals, at=at)
                _store(source, raw, Event.Outcome.DONE, receipt, at=at, **known)
                failpoints.reach("intake.before_commit")
        except Exception as error:  # whatever went wrong, what was sent must not be lost
            if not isinstance(error, DatabaseError) or attempt == _ATTEMPTS - 1:
                logger.exception("a delivery of %s could not be opened; it is pending", source)
                break
        else:
            failpoints.reach("intake.committed")
            return receipt
    receipt = Receipt(status="accepted")
    _store(source, raw, Event.Outcome.PENDING, receipt, at=at, **known)
    return receipt


def _has_to_wait(source: Source, signals: list[Signal]) -> bool:
    """Whether a delivery resolves or notes something while others of its source are pending."""
    if all(signal.action == Action.FIRE for signal in signals):
        return False
    return Event.objects.filter(source=source, outcome=Event.Outcome.PENDING).exists()


def refuse(*, source: Source, raw: str, why: str, at: datetime) -> None:
    """Keep what can never work as a refused event on its source."""
    Event.objects.create(
        source=source,
        received_at=at,
        body=raw,
        outcome=Event.Outcome.REFUSED,
        said=why[:300],
        by_former_key=source.is_by_former_key,
    )


def handle(*, source: Source, signals: list[Signal], at: datetime) -> Receipt:
    """Fold repeats, open what is new, resolve what cleared. Runs inside a transaction.

    All rows that it will change are locked before the first is: see `statements`.
    """
    receipt = Receipt()
    rules = alert_rules.of(source)
    signals = alert_rules.grouped(rules, signals)
    firing = [signal for signal in signals if signal.action == Action.FIRE]
    others = [signal.key for signal in signals if signal.action != Action.FIRE]
    groups = {signal.group for signal in firing}
    if groups:
        statements.lock_groups(source, firing)
    incidents = statements.lock_incidents(source, groups=groups, told=others)
    known = _fold(source, signals, receipt, at=at)
    if fresh := [signal for signal in firing if signal.key not in known]:
        joining.open_or_join(source, fresh, rules, incidents, receipt, at=at)
    for signal in signals:
        if signal.action == Action.NOTE:
            _note(source, signal, receipt, at=at)
    cleared = [signal.key for signal in signals if signal.action == Action.RESOLVE]
    if cleared:
        _resolve(source, cleared, [incident for incident, _ in incidents], receipt, at=at)
    return receipt


def _fold(source: Source, signals: list[Signal], receipt: Receipt, *, at: datetime) -> set[str]:
    """Count repeats of alerts that fire already: one statement. Answers their keys."""
    known = set()
    for key, reference, incident_id in statements.fold(source, signals, at=at):
        known.add(key)
        receipt.note("folded", incident_id, reference)
    return known


def _note(source: Source, signal: Signal, receipt: Receipt, *, at: datetime) -> None:
    """The sending tool says that somebody acknowledged there; here the ladder goes on."""
    alert = (
        Alert.objects.select_related("incident")
        .filter(source=source, external_key=signal.key, resolved_at=None)
        .first()
    )
    if alert is not None:
        receipt.note("folded", alert.incident_id, told(alert.incident))
        text = f"Acknowledged in {source}: {alert.title}. Pages here go on until someone does here."
        if not alert.incident.entries.filter(kind=Entry.Kind.ALERT, body=text).exists():
            timeline.record(alert.incident, Entry.Kind.ALERT, text, by=SYSTEM, at=at)


def _resolve(
    source: Source, keys: list[str], incidents: list[Incident], receipt: Receipt, *, at: datetime
) -> None:
    """Alerts cleared; where an incident's last one did, recovery is proposed. Nothing closes."""
    held = set(keys)
    firing = Alert.objects.filter(source=source, external_key__in=keys, resolved_at=None)
    for incident in incidents:
        cleared = list(firing.filter(incident=incident))
        if not cleared:  # a copy of this request was faster
            continue
        firing.filter(incident=incident).update(resolved_at=at, last_at=at)
        held -= {alert.external_key for alert in cleared}
        receipt.note("resolved", incident.pk, told(incident))
        text = f"Cleared: {'; '.join(alert.title for alert in cleared)}."
        last = not incident.alerts.filter(resolved_at=None).exists()
        if last and incident.is_open and incident.phase != Phase.REVIEW:
            incident.recovery_proposed_at = at
            incident.save(update_fields=["recovery_proposed_at"])
            text += " Every alert has cleared; recovery is proposed."
        timeline.record(incident, Entry.Kind.ALERT, text, by=SYSTEM, at=at)
    if held:
        holding.clear(source, held, at=at)


def _store(
    source: Source,
    raw: str,
    outcome: str,
    receipt: Receipt,
    *,
    delivery_id: str,
    said: str,
    at: datetime,
) -> None:
    _EVENTS.add(
        Event(
            source=source,
            received_at=at,
            body=raw,
            outcome=outcome,
            said=(said or receipt.said)[:300],
            incident_id=receipt.incident_id,
            concerns=sorted(receipt.concerns),
            by_former_key=source.is_by_former_key,
            delivery_id=delivery_id,
        )
    )


def open_pending(*, at: datetime) -> int:
    """Open what was accepted and could not be opened then. Answers how many deliveries.

    What fails again is tried later, ever more rarely, and holds up nothing behind it.
    """
    done = 0
    for pk in backlog.due(at):
        try:
            with transaction.atomic():
                done += _open_one_pending(pk, at=at)
        except Exception:  # whatever is wrong with one, those behind it are opened
            logger.exception("event %s is still pending", pk)
            backlog.postpone(pk, at=at)
    return done


def _open_one_pending(pk: int, *, at: datetime) -> int:
    event = (
        Event.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("source__category")
        .filter(pk=pk, outcome=Event.Outcome.PENDING)
        .first()
    )
    if event is None:
        return 0
    signals = formats.read(event.source.format, event.body, event.source.expressions)
    if before := backlog.blocker(event, signals):  # its alert is not here yet
        event.next_try_at = before.next_try_at
        event.save(update_fields=["next_try_at"])
        return 0
    receipt = handle(source=event.source, signals=signals, at=event.received_at)
    event.outcome, event.incident_id = Event.Outcome.DONE, receipt.incident_id
    event.concerns = sorted(receipt.concerns)
    event.said = f"later: {receipt.said}"[:300]
    event.next_try_at = None
    event.save()
    return 1
