"""The desk's own figures, a minute each: deliveries of sources, failed logins, failed messages.

They are series like any other: made switched off, and switched on by a person.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max, QuerySet
from django.db.models.functions import TruncMinute

from cases.anomalies import watches
from cases.intake import figures, sources
from cases.intake.metrics import Figure
from cases.models import AccessEvent, Event, Observation, Series, Source
from notifications.models import MessageEvent

MINUTE = timedelta(minutes=1)
BACK = timedelta(minutes=15)  # minutes that nobody measured are made up for so far
NEWEST = 100_000  # rows that are looked through, found by their key
SETTLED = timedelta(seconds=5)  # after a minute's end


def measure(*, at: datetime) -> int:
    """Store the figures of the minutes that are over and not stored yet. Answers how many."""
    source = sources.the_desk()
    until = watches.floor(at - SETTLED)
    rows = Observation.objects.filter(series__source=source, at__gte=until - BACK)
    last = rows.aggregate(last=Max("at"))["last"]
    since = last + MINUTE if last is not None else until - MINUTE
    if since >= until:
        return 0
    found = list(_figures(since, until))
    return figures.store(source=source, figures=found, at=at, kind=Series.Kind.COUNT).stored


def _figures(since: datetime, until: datetime) -> Iterator[Figure]:
    logins = AccessEvent.objects.filter(source__format=Source.Format.DESK, action="login")
    failed_logins = logins.filter(outcome=AccessEvent.Outcome.FAILURE)
    failed_messages = MessageEvent.objects.filter(event=MessageEvent.Event.FAILED)
    yield from _counted("desk_deliveries", Event.objects.all(), "received_at", since, until)
    yield from _counted("desk_failed_logins", failed_logins, "at", since, until)
    yield from _counted("desk_failed_messages", failed_messages, "at", since, until)


def _counted(
    metric: str, rows: QuerySet[Any], when: str, since: datetime, until: datetime
) -> Iterator[Figure]:
    """How many of these rows each minute has; the newest alone are looked through."""
    newest = rows.model.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    within = rows.filter(
        pk__gt=newest - NEWEST, **{f"{when}__gte": since, f"{when}__lt": until}
    ).order_by()
    minutes = within.annotate(minute=TruncMinute(when)).values("minute")
    known = dict(minutes.annotate(n=Count("pk")).values_list("minute", "n"))
    at = since
    while at < until:
        yield Figure(metric, float(known.get(at, 0)), at)
        at += MINUTE
