"""Alerts: an accepted delivery opens incidents, folds into open ones, or resolves.

A repeat is one statement. A new alert takes a lock on its group first, so that parallel copies of
one request open one incident. If opening fails, the delivery alone is kept and a job opens it.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime

from django.db import DatabaseError, connection, transaction

from cases import queries, timeline, workflow
from cases.intake import formats
from cases.intake.signal import Action, Signal
from cases.models import Alert, Category, Entry, Event, Incident, Phase, Source
from incidentdesk.kernel.access import SYSTEM

logger = logging.getLogger(__name__)

_ATTEMPTS = 3  # a deadlock, or a race over one alert, is tried again before it waits for the job

# The rows are locked in their order, so that two deliveries never wait for each other.
_FOLD = """
    WITH sent AS (
        SELECT key, count(*) AS times FROM unnest(%(keys)s::text[]) AS key GROUP BY key
    ), known AS (
        SELECT a.id, sent.times FROM cases_alert AS a JOIN sent ON sent.key = a.external_key
        WHERE a.source_id = %(source)s AND a.resolved_at IS NULL
        ORDER BY a.id FOR NO KEY UPDATE OF a
    )
    UPDATE cases_alert AS a SET count = a.count + known.times, last_at = %(at)s
    FROM known, cases_incident AS i
    WHERE a.id = known.id AND i.id = a.incident_id
    RETURNING a.external_key, i.reference, i.id
"""


@dataclass
class Receipt:
    """What became of a delivery: `status` and the references of the incidents concerned."""

    status: str = "ignored"
    references: list[str] = field(default_factory=list)
    incident_id: int | None = None
    concerns: set[int] = field(default_factory=set)

    def note(self, status: str, reference: str, incident_id: int) -> None:
        """Remember one incident; opened outranks folded outranks resolved."""
        order = ("ignored", "resolved", "folded", "opened")
        self.status = max(self.status, status, key=order.index)
        self.incident_id = self.incident_id or incident_id
        self.concerns.add(incident_id)
        if reference not in self.references:
            self.references.append(reference)


def receive(*, source: Source, raw: str, signals: list[Signal], at: datetime) -> Receipt:
    """Handle one delivery and store it, in one transaction; answer only after the commit.

    If handling fails, the delivery alone is stored as pending: it is accepted, and a job opens it.
    What is said of an alert that may still wait there waits behind it.
    """
    attempts = 0 if _has_to_wait(source, signals) else _ATTEMPTS
    for attempt in range(attempts):
        try:
            with transaction.atomic():
                receipt = handle(source=source, signals=signals, at=at)
                _store(source, raw, Event.Outcome.DONE, receipt, at=at)
                return receipt
        except Exception as error:  # whatever went wrong, what was sent must not be lost
            if not isinstance(error, DatabaseError) or attempt == _ATTEMPTS - 1:
                logger.exception("a delivery of %s could not be opened; it is pending", source)
                break
    receipt = Receipt(status="accepted")
    _store(source, raw, Event.Outcome.PENDING, receipt, at=at)
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
    )


def handle(*, source: Source, signals: list[Signal], at: datetime) -> Receipt:
    """Fold repeats, open what is new, resolve what cleared. Runs inside a transaction."""
    receipt = Receipt()
    firing = [signal for signal in signals if signal.action == Action.FIRE]
    known = _fold(source, firing, receipt, at=at)
    fresh = {signal.key: signal for signal in firing if signal.key not in known}
    if fresh:
        _lock_groups(source, {signal.group for signal in fresh.values()})
        known = _fold(source, list(fresh.values()), receipt, at=at)
        fresh = {key: signal for key, signal in fresh.items() if key not in known}
        for group in dict.fromkeys(signal.group for signal in fresh.values()):
            members = [signal for signal in fresh.values() if signal.group == group]
            _open_or_join(source, group, members, receipt, at=at)
    for signal in signals:
        if signal.action == Action.NOTE:
            _note(source, signal, receipt, at=at)
    _resolve(source, [s.key for s in signals if s.action == Action.RESOLVE], receipt, at=at)
    return receipt


def _fold(source: Source, signals: list[Signal], receipt: Receipt, *, at: datetime) -> set[str]:
    """Count repeats of alerts that fire already: one statement. Answers their keys."""
    if not signals:
        return set()
    keys = sorted(signal.key for signal in signals)
    with connection.cursor() as cursor:
        cursor.execute(_FOLD, {"keys": keys, "at": at, "source": source.pk})
        rows = cursor.fetchall()
    for _, reference, incident_id in rows:
        receipt.note("folded", reference, incident_id)
    return {row[0] for row in rows}


def _lock_groups(source: Source, groups: set[str]) -> None:
    """One at a time a group until the transaction ends; in order, so nobody waits in a ring."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(g, %s)) "
            "FROM (SELECT unnest(%s::text[]) AS g ORDER BY 1) AS groups",
            [source.pk, sorted(groups)],
        )


def _open_or_join(
    source: Source, group: str, members: list[Signal], receipt: Receipt, *, at: datetime
) -> None:
    """New alerts join the group's open incident, or open one."""
    incident = (  # locked: nobody closes it while alerts join it
        Incident.objects.open()
        .select_for_update(of=("self",), no_key=True)
        .filter(alerts__source=source, alerts__group_key=group)
        .order_by("-id")
        .first()
    )
    if incident is None:
        incident = _open(source, members, at=at)
        receipt.note("opened", incident.reference, incident.pk)
    else:
        names = "; ".join(signal.title for signal in members)
        timeline.record(incident, Entry.Kind.ALERT, f"Joined by: {names}", by=SYSTEM, at=at)
        receipt.note("folded", incident.reference, incident.pk)
        if incident.recovery_proposed_at is not None:  # it fires again
            incident.recovery_proposed_at = None
            incident.save(update_fields=["recovery_proposed_at"])
    Alert.objects.bulk_create(
        Alert(
            source=source,
            incident=incident,
            external_key=signal.key,
            group_key=group,
            title=signal.title,
            labels=signal.labels,
            first_at=min(signal.started_at or at, at),
            last_at=at,
        )
        for signal in members
    )


def _open(source: Source, members: list[Signal], *, at: datetime) -> Incident:
    first = members[0]
    started = min([signal.started_at for signal in members if signal.started_at] + [at])
    more = f" and {len(members) - 1} more" if len(members) > 1 else ""
    category: Category | None = source.category
    opening = workflow.Opening(
        title=f"{first.title}{more}",
        description=first.body,
        category_id=source.category_id,
        category_key=category.key if category else "",
        detection=Incident.Detection.ALERT,
        detected_by=f"{source.get_format_display()} · source “{source.name}”",
        detected_at=at,
        occurred_at=started,
        impact=source.impact,
        scope=source.scope,
        urgency=max(signal.urgency for signal in members),
    )
    return workflow.open_incident(opening=opening, by=SYSTEM, at=at)


def _note(source: Source, signal: Signal, receipt: Receipt, *, at: datetime) -> None:
    """The sending tool says that somebody acknowledged there; here the ladder goes on."""
    alert = (
        Alert.objects.select_related("incident")
        .filter(source=source, external_key=signal.key, resolved_at=None)
        .first()
    )
    if alert is not None:
        receipt.note("folded", alert.incident.reference, alert.incident_id)
        queries.locked(alert.incident_id, by=SYSTEM)
        text = f"Acknowledged in {source}: {alert.title}. Pages here go on until someone does here."
        if not alert.incident.entries.filter(kind=Entry.Kind.ALERT, body=text).exists():
            timeline.record(alert.incident, Entry.Kind.ALERT, text, by=SYSTEM, at=at)


def _resolve(source: Source, keys: list[str], receipt: Receipt, *, at: datetime) -> None:
    """Alerts cleared; where an incident's last one did, recovery is proposed. Nothing closes."""
    if not keys:
        return
    firing = Alert.objects.filter(source=source, external_key__in=keys, resolved_at=None)
    ids = sorted(set(firing.values_list("incident_id", flat=True)))
    for incident in (
        Incident.objects.select_for_update(of=("self",), no_key=True)
        .filter(pk__in=ids)
        .order_by("pk")
    ):
        cleared = list(firing.filter(incident=incident))
        if not cleared:  # a copy of this request was faster
            continue
        firing.filter(incident=incident).update(resolved_at=at, last_at=at)
        receipt.note("resolved", incident.reference, incident.pk)
        text = f"Cleared: {'; '.join(alert.title for alert in cleared)}."
        last = not incident.alerts.filter(resolved_at=None).exists()
        if last and incident.is_open and incident.phase != Phase.REVIEW:
            incident.recovery_proposed_at = at
            incident.save(update_fields=["recovery_proposed_at"])
            text += " Every alert has cleared; recovery is proposed."
        timeline.record(incident, Entry.Kind.ALERT, text, by=SYSTEM, at=at)


def _store(source: Source, raw: str, outcome: str, receipt: Receipt, *, at: datetime) -> None:
    Event.objects.create(
        source=source,
        received_at=at,
        body=raw,
        outcome=outcome,
        said=f"{receipt.status} {', '.join(receipt.references[:8])}".strip()[:300],
        incident_id=receipt.incident_id,
        concerns=sorted(receipt.concerns),
    )


def open_pending(*, at: datetime) -> int:
    """Open what was accepted and could not be opened then. Answers how many deliveries."""
    done = 0
    ids = list(
        Event.objects.filter(outcome=Event.Outcome.PENDING).order_by("id").values_list("id")[:200]
    )
    for (pk,) in ids:
        try:
            with transaction.atomic():
                done += _open_one_pending(pk, at=at)
        except Exception:  # whatever is wrong with one, those behind it are opened
            logger.exception("event %s is still pending", pk)
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
    signals = formats.read(event.source.format, event.body)
    receipt = handle(source=event.source, signals=signals, at=event.received_at)
    event.outcome, event.incident_id = Event.Outcome.DONE, receipt.incident_id
    event.concerns = sorted(receipt.concerns)
    event.said = f"{receipt.status} later: {', '.join(receipt.references[:8])}"[:300]
    event.save()
    return 1
