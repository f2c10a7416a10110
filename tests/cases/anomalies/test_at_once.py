"""Two at once: what one of them holds stops nobody else, and what begins in a minute is one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace

import pytest
from django.db import connection, transaction

from cases.anomalies import switching, watching
from cases.intake import figures
from cases.intake.metrics import Figure
from cases.models import Anomaly, Incident, Series
from tests.cases.anomalies.conftest import MINUTE, latency
from tests.conftest import NOW

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def elsewhere():
    """`elsewhere(call)` runs it on a connection of its own; a future."""

    def closing(call):
        try:
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        yield lambda call: pool.submit(closing, call)


@pytest.fixture
def two(metrics, switched_on):
    """The names of two series that are watched."""
    for number, name in enumerate(("a", "b")):
        rows = [replace(f, labels={"x": name}) for f in latency(300, seed=number)]
        figures.store(source=metrics, figures=rows, at=NOW)
    for series in Series.objects.all():
        switched_on(series)
    watching.watch(at=NOW)
    return ("a", "b")


def test_figures_come_in_while_somebody_sets_the_limits_of_their_series(
    stored, metrics, people, elsewhere
):
    series = stored(latency(3))
    boss = people.actor("administrator")
    with transaction.atomic():
        switching.limit(series_id=series.pk, lowest=None, highest=9.0, by=boss, at=NOW)
        one = [Figure("latency_ms", 5.0, NOW)]
        storing = elsewhere(lambda: figures.store(source=metrics, figures=one, at=NOW))
        wait([storing], timeout=5)
        came_in = storing.done()
    assert storing.result().stored == 1
    assert came_in


def test_what_begins_in_one_minute_is_one_incident_whichever_workers_tell_it(
    two, metrics, elsewhere
):
    """The first is not done with telling when the second comes with another series."""

    def find(name, at):
        figures.store(source=metrics, figures=[Figure("latency_ms", 60.0, at, {"x": name})], at=at)
        watching.watch(at=at)

    with transaction.atomic():
        find("a", NOW)
        second = elsewhere(lambda: find("b", NOW + MINUTE / 3))
        wait([second], timeout=1)
    second.result()
    assert len(set(Anomaly.objects.values_list("group", flat=True))) == 1
    assert Incident.objects.get().alerts.count() == 2
