"""What the tests of watched series share: a source, figures, and a quiet past."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import pytest

from cases.anomalies import backtest, switching
from cases.intake import figures
from cases.intake.metrics import Figure
from cases.models import Series, Source
from incidentdesk.kernel.shown_once import digest
from tests.conftest import NOW, People

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def metrics(db: None) -> Source:
    """A source of figures with the key `key-metrics`."""
    return Source.objects.create(name="venue", format="metrics", key_digest=digest("key-metrics"))


def latency(minutes: int, *, end: datetime = NOW, seed: int = 1) -> list[Figure]:
    """Milliseconds around 5, one a minute, the last a minute before `end`."""
    chance = random.Random(seed)
    return [
        Figure("latency_ms", 5 * math.exp(chance.gauss(0, 0.1)), end - (minutes - n) * MINUTE)
        for n in range(minutes)
    ]


@pytest.fixture
def stored(metrics: Source) -> Callable[[Iterable[Figure]], Series]:
    """`stored(figures)` puts them in; answers the series of the first."""

    def put(those: Iterable[Figure]) -> Series:
        found = list(those)
        figures.store(source=metrics, figures=found, at=NOW)
        return Series.objects.get(metric=found[0].metric, labels=found[0].labels)

    return put


@pytest.fixture
def switched_on(people: People) -> Callable[..., Series]:
    """`switched_on(series)`: by the administrator, after the back-test."""

    def on(series: Series, *, at: datetime = NOW) -> Series:
        return switching.switch_on(
            series_id=series.pk,
            seen=backtest.proof_of(series),
            by=people.actor("administrator"),
            at=at,
        )

    return on
