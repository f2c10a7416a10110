"""Too much at once: what a source may send in a minute, and the incidents that say it sent more.

Each process counts for itself and asks for the sum now and then, so that counting costs a repeat
nothing that one could measure; the limit is met with as much accuracy as `ASK_EVERY` allows.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings

from cases.intake import alerts, desk, sources
from cases.intake.signal import Action, Signal
from cases.models import Alert, Source
from incidentdesk.kernel import counted
from incidentdesk.kernel.shown_once import digest

ASK_EVERY = 100  # deliveries
MOST_KEYS = 10_000  # that a process counts in a minute; strangers may make up as many as they like
REFUSED = 50  # deliveries of a source that can never work, within `REFUSED_SECONDS`
REFUSED_SECONDS = 600
CALM_AFTER = {"storm": timedelta(minutes=3), "refused": timedelta(minutes=15)}


class _Minute:
    """What this process counted in the minute that is going on."""

    def __init__(self) -> None:
        self.number = 0
        self.counts: dict[str, tuple[int, int]] = {}  # by key: alone since, and the sum before
        self.told: set[str] = set()

    def of(self, at: datetime) -> _Minute:
        """The minute of `at`; what was counted in another is forgotten."""
        number = int(at.timestamp() // 60)
        if number != self.number or len(self.counts) > MOST_KEYS:
            self.number, self.counts, self.told = number, {}, set()
        return self


_minute = _Minute()


def is_too_much(key: str, *, at: datetime) -> bool:
    """Count one delivery by this key, and whether that is more than a source may send in a minute.

    Without its cache the desk knows no sum and refuses nothing.
    """
    limit = settings.INTAKE_LIMIT
    minute = _minute.of(at)
    alone, before = minute.counts.get(key, (0, 0))
    alone += 1
    if alone >= min(ASK_EVERY, limit):
        name = f"intake:{digest(key)[:16]}:{minute.number}"
        alone, before = 0, counted.count(name, alone, seconds=120)
    minute.counts[key] = alone, before
    return before + alone > limit


def tell(*, key: str, source_format: str, at: datetime) -> None:
    """Open or feed the incident about the storm itself: once a process and minute."""
    minute = _minute.of(at)
    if key in minute.told:
        return
    minute.told.add(key)
    source = Source.objects.with_key(key, source_format, at=at).first()
    if source is not None:
        title = f"{source.name} sends more than {settings.INTAKE_LIMIT:,} deliveries a minute"
        body = (
            "What is more than that is refused with 429, and comes only if its sender tries again. "
            "What was accepted before is handled as ever. Look for what makes it send so much."
        )
        _fire("storm", source, title, body, at=at)


def note_refused(source: Source, why: str, *, at: datetime) -> None:
    """Count a delivery that can never work; many of them are an incident about the source."""
    if counted.count(f"intake-refused:{source.pk}", seconds=REFUSED_SECONDS) == REFUSED:
        title = f"{REFUSED} deliveries of {source.name} could not be read"
        body = (
            f"They came within {REFUSED_SECONDS // 60} minutes, and what they tell opens nothing. "
            f"The last one: {why}"
        )
        _fire("refused", source, title, body, at=at)


def calm_down(*, at: datetime) -> None:
    """Clear what has been over for a while."""
    firing = Alert.objects.filter(source=sources.the_desk(), resolved_at=None)
    over = [
        alert
        for kind, after in CALM_AFTER.items()
        for alert in firing.filter(external_key__startswith=f"{kind}:", last_at__lt=at - after)
    ]
    if over:
        _send(
            [Signal(Action.RESOLVE, one.external_key, one.group_key, one.title) for one in over], at
        )


def _fire(kind: str, source: Source, title: str, body: str, *, at: datetime) -> None:
    key = f"{kind}:{source.pk}"
    labels = {"source": source.name}
    _send([Signal(Action.FIRE, key, key, title[:200], body, urgency=3, labels=labels)], at)


def _send(signals: list[Signal], at: datetime) -> None:
    raw = desk.written(signals)
    alerts.receive(source=sources.the_desk(), raw=raw, signals=signals, at=at)
