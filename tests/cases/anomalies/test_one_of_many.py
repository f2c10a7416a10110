"""One series among others: what is wrong with it stops no other; what is quiet is left alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection

from cases.anomalies import backtest, switching, watches, watching
from cases.intake import figures
from cases.intake.metrics import Figure
from cases.models import Anomaly, Series, SeriesState, TradingHours
from tests.cases.anomalies.conftest import MINUTE, latency
from tests.conftest import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def three(metrics, switched_on):
    """Three series that are watched; the second is not the last and not the first."""
    many = [
        replace(one, labels={"n": name})
        for number, name in enumerate(("a", "b", "c"))
        for one in latency(300, seed=number)
    ]
    figures.store(source=metrics, figures=many, at=NOW)
    for series in Series.objects.all():
        switched_on(series)
    watching.watch(at=NOW)
    return list(Series.objects.order_by("labels__n"))


def spikes(source, at):
    rows = [Figure("latency_ms", 60.0, at, {"n": name}) for name in ("a", "b", "c")]
    figures.store(source=source, figures=rows, at=at)


def test_a_series_that_cannot_be_fed_is_left_as_it_was_and_the_others_are_fed(
    three, metrics, caplog
):
    broken = SeriesState.objects.filter(series=three[1])
    whole = broken.get().memory
    broken.update(memory={"detector": "of no use"})
    before = broken.values("version", "fed_until", "learns_until", "asks_at", "memory").get()
    spikes(metrics, NOW)
    assert watching.watch(at=NOW) == 2
    found = Anomaly.objects.order_by("series__labels__n").values_list("series__labels__n", "kind")
    assert list(found) == [("a", "unusual"), ("c", "unusual")]
    assert (
        broken.values("version", "fed_until", "learns_until", "asks_at", "memory").get() == before
    )
    assert [one.getMessage() for one in caplog.records] == [
        f'series {three[1].pk} (latency_ms{{n="b"}}) could not be fed'
    ]
    broken.update(memory=whole)
    assert watching.watch(at=NOW) == 1
    assert Anomaly.objects.filter(series=three[1], began_at=NOW).count() == 1


def test_counts_of_any_size_are_fed(metrics, switched_on):
    rows = [
        Figure("orders", 9.9e149, NOW - (120 - n) * MINUTE + s * timedelta(seconds=1))
        for n in range(120)
        for s in range(50 * (n % 2))
    ]
    figures.store(source=metrics, figures=rows, at=NOW, kind="count")
    switched_on(Series.objects.get())
    watching.watch(at=NOW + MINUTE)
    state = SeriesState.objects.get()
    assert state.fed_until is not None
    assert max(minute[0] for minute in state.memory["counts"]["minutes"]) == watches.MOST_CASES


@pytest.mark.parametrize("kind", ["count", "ratio"])
def test_the_back_test_counts_minutes_as_the_job_does(metrics, switched_on, kind):
    """Halves that make a whole, what is below nothing, and lines of a ratio that say no `of`."""
    start = NOW - 90 * MINUTE
    rows = [
        Figure("rejects", value, start + n * MINUTE + s * timedelta(seconds=1), {}, tries)
        for n in range(90)
        for s, (value, tries) in enumerate([(0.5, 50.5), (0.5, 50.5), (0.5, None), (-3.0, None)])
    ]
    figures.store(source=metrics, figures=rows, at=NOW)
    Series.objects.update(kind=kind)
    series = switched_on(Series.objects.get())
    watching.watch(at=NOW + watches.GRACE)
    fed = SeriesState.objects.get().memory["counts"]["minutes"]
    tried = watches.made(series, [], {})
    stored = backtest.newest(series, at=NOW)
    watches.feed(series, tried, stored, fed=None, until=NOW + watches.GRACE)
    assert fed == [[*minute] for minute in tried.counts.minutes]
    assert {(minute[0], minute[1]) for minute in fed} == {
        (1, 101) if kind == "ratio" else (2, None)
    }


def places():
    """Where each state lies; PostgreSQL writes a changed row to another place."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT series_id, ctid::text FROM cases_seriesstate")
        return dict(cursor.fetchall())


def written(at):
    """How many states a run writes."""
    before = places()
    watching.watch(at=at)
    return sum(place != before[pk] for pk, place in places().items())


def test_a_count_is_fed_once_a_minute_however_often_the_job_is_woken(metrics, switched_on):
    rows = [Figure("orders", 5.0, NOW - n * MINUTE) for n in range(1, 100)]
    figures.store(source=metrics, figures=rows, at=NOW, kind="count")
    switched_on(Series.objects.get())
    assert written(NOW) == 1
    second = timedelta(seconds=1)
    done = []
    for n in range(1, 8):
        at = NOW + n * 10 * second
        figures.store(source=metrics, figures=[Figure("orders", 1.0, at)], at=at)
        done.append(written(at))
    # 09:40 is over fifteen seconds after 09:41 began; 09:41 is not, before 09:42:15.
    assert done == [0, 1, 0, 0, 0, 0, 0]
    assert written(NOW + 75 * second) == 1


def test_a_level_that_may_be_silent_now_is_asked_once_a_minute(stored, switched_on, people):
    """The venue closes at 09:42 in UTC; whatever stays away then is no alarm."""
    hours = TradingHours.objects.create(
        name="venue", zone="UTC", opens="08:00", closes="09:42", days=[0, 1, 2, 3, 4]
    )
    hours.refresh_from_db()
    series = stored(latency(60))
    how = switching.How(kind="level", hours_id=hours.pk)
    switching.change(series_id=series.pk, how=how, by=people.actor("administrator"), at=NOW)
    switched_on(Series.objects.get())
    watching.watch(at=NOW)
    later = NOW + 30 * MINUTE
    done = [written(later + n * timedelta(seconds=20)) for n in range(7)]
    assert done == [1, 0, 0, 1, 0, 0, 1]
    assert Anomaly.objects.count() == 0
