"""How long raw deliveries are kept, and forgetting them. What became of them stays: alerts, the
timeline, the incident."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from cases import holds
from cases.models import Event, HeldAlert

_A_DELETION = 5_000  # rows at once, so that nobody waits for long


def old_events(before: datetime) -> QuerySet[Event]:
    """Deliveries of before this time that wait for nothing and belong to nothing that is held."""
    rows = Event.objects.filter(received_at__lt=before).exclude(outcome=Event.Outcome.PENDING)
    held = holds.ids()
    return rows.exclude(incident__in=held).exclude(concerns__overlap=held) if held else rows


def forget(before: datetime, *, at: datetime) -> int:
    """Forget raw events and held alerts of before this time. Answers how many rows.

    What still waits to be opened, and what still fires in a window that is not over, is kept.
    """
    held = HeldAlert.objects.filter(at__lt=before)
    firing = held.filter(cleared_at=None, released_at=None)
    waiting = firing.filter(window__ends_at__gt=at)
    return _forget(old_events(before)) + _forget(held.exclude(pk__in=waiting))


def _forget(rows: QuerySet[Any]) -> int:
    gone = 0
    while ids := list(rows.order_by("pk").values_list("pk", flat=True)[:_A_DELETION]):
        gone += rows.model._default_manager.filter(pk__in=ids).delete()[0]
    return gone
