"""How long raw deliveries are kept, and forgetting them. What became of them stays: alerts, the
timeline, the incident."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from cases.models import Event, HeldAlert

KEPT = timedelta(days=90)
_A_DELETION = 5_000  # rows at once, so that nobody waits for long


def prune(*, at: datetime) -> int:
    """Forget raw events and held alerts of more than `KEPT` ago. Answers how many rows.

    What still waits to be opened, and what still fires in a window that is not over, is kept.
    """
    old = at - KEPT
    events = Event.objects.filter(received_at__lt=old).exclude(outcome=Event.Outcome.PENDING)
    held = HeldAlert.objects.filter(at__lt=old)
    waiting = held.filter(window__ends_at__gt=at, cleared_at=None, released_at=None)
    return _forget(events) + _forget(held.exclude(pk__in=waiting))


def _forget(rows: QuerySet[Any]) -> int:
    gone = 0
    while ids := list(rows.order_by("pk").values_list("pk", flat=True)[:_A_DELETION]):
        gone += rows.model._default_manager.filter(pk__in=ids).delete()[0]
    return gone
