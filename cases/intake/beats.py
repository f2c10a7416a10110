"""Sources that have to call in: a beat, the beginning of a run, a failure, and what is missing.

The first beat arms a source. A beat that only says that all is well changes one row; what is wrong,
and what is well again, goes the way of every alert.
"""

from __future__ import annotations

import json
import logging
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import DurationField, ExpressionWrapper, F, QuerySet, Value
from django.db.models.functions import Least

from cases.intake import alerts, formats, heartbeat
from cases.intake.receipt import Receipt
from cases.models import Alert, Event, Heartbeat, Source
from incidentdesk.kernel.shown_once import digest

logger = logging.getLogger(__name__)

WELL, START, FAIL = "", "start", "fail"  # what stands behind the key in the address
CALLS = (WELL, START, FAIL)
MOST_WORDS = 8000  # of what a failing program says


@transaction.atomic
def take(*, key: str, call: str, said: str, at: datetime) -> Receipt | None:
    """A source calls in. None if no source has this key.

    `said` is what it sent along; of a failure it is kept.
    """
    rows = Source.objects.with_key(key, Source.Format.HEARTBEAT, at=at)
    source = rows.select_related("category").first()
    if source is None:
        return None
    source.is_by_former_key = source.key_digest != digest(key)
    Heartbeat.objects.get_or_create(source=source)
    beat = Heartbeat.objects.select_for_update().get(source=source)
    beat.by_former_key = source.is_by_former_key
    if call == START:
        beat.started_at = at
        beat.save()
        return Receipt(status="started")
    beat.started_at = None
    if call == FAIL:
        beat.down_at = beat.down_at or at
        beat.save()
        return _note(source, heartbeat.FAILED, said.strip()[:MOST_WORDS], at=at)
    beat.last_at, beat.down_at = at, None
    beat.save()
    if not _is_told_of(source):
        return Receipt(status="well")
    return _note(source, heartbeat.WELL, "", at=at)


def find_missing(*, at: datetime) -> int:
    """Open an incident for each source that should have called in by now. Answers how many."""
    found = 0
    for pk in list(_overdue(at).values_list("pk", flat=True)):
        try:
            found += _miss(pk, at=at)
        except Exception:  # whatever is wrong with one, the others are looked at
            logger.exception("the missing beat of source %s could not be noted", pk)
    return found


@transaction.atomic
def _miss(pk: int, *, at: datetime) -> int:
    rows = Heartbeat.objects.select_for_update(skip_locked=True, of=("self",))
    beat = rows.select_related("source__category").filter(pk=pk, down_at=None).first()
    due = due_at(beat) if beat else None
    if beat is None or due is None or due >= at:  # it called in meanwhile
        return 0
    beat.down_at = at
    beat.save()
    last = f"{beat.last_at:%-d %b %Y %H:%M} UTC" if beat.last_at else "never"
    began = f" A run began at {beat.started_at:%H:%M} UTC." if beat.started_at else ""
    every = beat.source.period_minutes
    said = f"It was due by {due:%H:%M} UTC, every {every} min. Last beat: {last}.{began}"
    _note(beat.source, heartbeat.MISSED, said, at=at)
    return 1


def due_at(beat: Heartbeat) -> datetime | None:
    """When the next beat is late: period and grace after the last, grace after a run began."""
    source = beat.source
    grace = timedelta(minutes=source.grace_minutes)
    times = [beat.started_at + grace] if beat.started_at else []
    if beat.last_at:
        times.append(beat.last_at + timedelta(minutes=source.period_minutes) + grace)
    return min(times, default=None)


def _overdue(at: datetime) -> QuerySet[Heartbeat]:
    """Those that `due_at` says are late and nobody was told of, by one statement."""

    def minutes(name: str) -> ExpressionWrapper[Any]:
        span = F(f"source__{name}_minutes") * Value(timedelta(minutes=1))
        return ExpressionWrapper(span, output_field=DurationField())

    run, wait = minutes("grace"), minutes("period")
    due = Least(F("started_at") + run, F("last_at") + wait + run)
    rows = Heartbeat.objects.filter(down_at=None, source__is_active=True)
    return rows.annotate(due=due).filter(due__lt=at).order_by("pk")


def _is_told_of(source: Source) -> bool:
    """Whether something fires that a beat clears, or waits to be opened."""
    if Alert.objects.filter(source=source, resolved_at=None).exists():
        return True
    return Event.objects.filter(source=source, outcome=Event.Outcome.PENDING).exists()


def _note(source: Source, kind: str, said: str, *, at: datetime) -> Receipt:
    raw = json.dumps({"beat": kind, "name": source.name, "said": said.replace("\x00", "")})
    signals = formats.read(source.format, raw)
    return alerts.receive(source=source, raw=raw, signals=signals, at=at)
