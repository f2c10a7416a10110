"""What waits to be opened: what is due, what waits for something else, and when to try again.

A delivery that was accepted is never dropped: the tries become rarer, at last one an hour.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import F, Q, QuerySet

from cases.intake import formats
from cases.intake.signal import Action, Signal
from cases.models import Event
from incidentdesk.kernel.errors import InvalidInput

A_RUN = 200
DELAYS = [timedelta(seconds=15), *(timedelta(minutes=n) for n in (1, 5, 15, 60))]


def due(at: datetime) -> list[int]:
    """The deliveries to try now, in the order in which they came."""
    now = Q(next_try_at=None) | Q(next_try_at__lte=at)
    waiting = Event.objects.filter(now, outcome=Event.Outcome.PENDING)
    return list(waiting.order_by("id").values_list("id", flat=True)[:A_RUN])


def postpone(event_id: int, *, at: datetime) -> None:
    """It failed once more; those behind it are not held up."""
    event = Event.objects.filter(pk=event_id, outcome=Event.Outcome.PENDING)
    for attempts in event.values_list("attempts", flat=True):
        delay = DELAYS[min(attempts, len(DELAYS) - 1)]
        event.update(attempts=F("attempts") + 1, next_try_at=at + delay)


def blocker(event: Event, signals: list[Signal]) -> Event | None:
    """An earlier delivery that still waits and fires what this one resolves or notes."""
    keys = {signal.key for signal in signals if signal.action != Action.FIRE}
    earlier: QuerySet[Event] = Event.objects.none()
    if keys:
        earlier = Event.objects.filter(
            source_id=event.source_id, outcome=Event.Outcome.PENDING, pk__lt=event.pk
        )
    return next((one for one in earlier.order_by("id") if keys & _fired(event, one)), None)


def _fired(event: Event, earlier: Event) -> set[str]:
    try:
        signals = formats.read(event.source.format, earlier.body, event.source.expressions)
    except InvalidInput:  # it can never fire anything as it stands
        return set()
    return {signal.key for signal in signals if signal.action == Action.FIRE}
