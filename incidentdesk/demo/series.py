"""Series of the demo: a day of figures, sent, switched on and watched through the use cases.

They may be silent, since nobody sends figures once the demo is loaded.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from cases.anomalies import backtest, switching, watches, watching
from cases.intake import figures
from cases.intake.metrics import Figure
from cases.models import Series
from incidentdesk.demo.agenda import Agenda
from incidentdesk.demo.cast import Cast

MINUTE = timedelta(minutes=1)
PAST, ON, WRONG = timedelta(hours=26), timedelta(hours=5), timedelta(minutes=95)
Value = Callable[[datetime], tuple[float, float | None]]


def plan(agenda: Agenda, cast: Cast, *, now: datetime) -> datetime:
    """A day comes in, an administrator switches the series on, and later one of them goes wrong.
    Answers when its incident begins."""
    told = _Told(cast, now)
    agenda.add(now - ON, told.begin)
    agenda.add(now - ON + MINUTE, told.look)
    agenda.add(now - WRONG + 4 * MINUTE, told.look)
    agenda.add(now - MINUTE, told.look)
    return now - WRONG + 4 * MINUTE


class _Told:
    """What the sources send, up to a moment."""

    def __init__(self, cast: Cast, now: datetime) -> None:
        self.cast, self.sent = cast, watches.floor(now - PAST)
        self.wrong_from = watches.floor(now - WRONG)
        self.series = _series(self._is_wrong)

    def begin(self, at: datetime) -> None:
        """All that came by now is stored, and watched from now on."""
        self._send(at)
        by = self.cast.actors["admin"]
        for series in Series.objects.filter(source=self.cast.sources["metrics"]):
            region = series.labels["gateway"][:2]
            system = self.cast.systems[f"order-gateway-{region}"]
            how = switching.How(series.kind, may_be_silent=True, system_id=system)
            switching.change(series_id=series.pk, how=how, by=by, at=at)
            series.refresh_from_db()
            seen = backtest.of(series, at=at).proof
            switching.switch_on(series_id=series.pk, seen=seen, by=by, at=at)
        watching.watch(at=at)

    def look(self, at: datetime) -> None:
        """What came meanwhile is stored and looked at."""
        self._send(at)
        watching.watch(at=at)

    def _send(self, until: datetime) -> None:
        rows = list(self._figures(watches.floor(until)))
        figures.store(source=self.cast.sources["metrics"], figures=rows, at=until)

    def _figures(self, until: datetime) -> Iterator[Figure]:
        while self.sent < until:
            for metric, gateway, value in self.series:
                figure, tries = value(self.sent)
                yield Figure(metric, figure, self.sent, {"gateway": gateway}, tries)
            self.sent += MINUTE

    def _is_wrong(self, at: datetime) -> bool:
        return self.wrong_from <= at < self.wrong_from + 22 * MINUTE


def _series(is_wrong: Callable[[datetime], bool]) -> list[tuple[str, str, Value]]:
    """Metric, gateway, and what it is at a moment: value, and of how many."""
    chance = random.Random(5)  # noqa: S311 -- the same day each time is the point

    def day(at: datetime) -> float:
        return math.sin((at.hour * 60 + at.minute) / 1440 * 2 * math.pi)

    def latency(usual: float, shift: float) -> Value:
        def value(at: datetime) -> tuple[float, None]:
            level = usual * (1 + 0.2 * day(at)) * (shift if is_wrong(at) else 1.0)
            return round(level * math.exp(chance.gauss(0, 0.08)), 3), None

        return value

    def rejects(at: datetime) -> tuple[float, float]:
        orders = max(0, round(chance.gauss(420 + 120 * day(at), 20)))
        return float(sum(chance.random() < 0.012 for _ in range(orders))), float(orders)

    return [
        ("order_latency_ms", "eu-2", latency(4.4, 2.6)),
        ("order_latency_ms", "us-1", latency(6.1, 1.0)),
        ("order_rejects", "eu-2", rejects),
    ]
