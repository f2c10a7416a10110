"""Synthetic trading days through the job: what goes wrong is caught, and a quiet week stays quiet.

Five trading days are stored and learned, then a day comes in hour by hour in which each series has
its own injection of the design, beside some that have none. The pure detector has each of them in
more variety (`tests/cases/detection/test_injections.py`); here they come through rows and the job.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any

import pytest

from cases.anomalies import switching, watches, watching
from cases.intake import figures
from cases.intake.metrics import Figure
from cases.models import Alert, Anomaly, Incident, Series, TradingHours
from tests.cases.detection.days import LONDON, MINUTE, MONDAY, VENUE, latency, minutes, queue

pytestmark = pytest.mark.django_db
HOLIDAY = MONDAY + timedelta(days=7)
THEN = MONDAY + timedelta(days=8)
NOON, END = THEN.replace(hour=12), THEN.replace(hour=17)
HOUR = timedelta(hours=1)
Value = tuple[float, float | None]
Source_ = Callable[[datetime], Value | None]
HOURS = TradingHours(
    name="London",
    zone="Europe/London",
    opens=time(8),
    closes=time(16, 30),
    days=[0, 1, 2, 3, 4],
    exceptions=f"{HOLIDAY:%Y-%m-%d}\n",
)


def level(figure: Callable[[datetime], float], change: Callable[[datetime, float], Any]) -> Source_:
    """Figures of a family of which `change` makes what is wrong from noon on; None is no figure."""

    def value(at: datetime) -> Value | None:
        was = figure(at)
        found = change(at, was) if at >= NOON else was
        return None if found is None else (found, None)

    return value


def rejects(seed: int, *, share: float = 0.01) -> Source_:
    """Rejects of orders; from noon on another share of them."""
    chance = random.Random(seed)

    def value(at: datetime) -> Value:
        of = round(chance.gauss(500, 20))
        mean = of * (share if at >= NOON else 0.01)
        return float(min(max(0, round(chance.gauss(mean, mean**0.5))), of)), of

    return value


def few(at: datetime, before: Source_ = rejects(2)) -> Value | None:  # noqa: B008
    """Rejects as ever; from noon on hardly any orders, one of them refused each 20 minutes."""
    return (float(at.minute % 20 == 0), 4.0) if at >= NOON else before(at)


def drip(at: datetime) -> Value:
    """Failed logins: two or three an hour; from noon on one more in each third minute."""
    usual = hash((at.day, at.hour, at.minute // 23)) % 23 == at.minute % 23
    return float(usual + (at >= NOON and at.minute % 3 == 0)), None


def orders(at: datetime) -> Value:
    """Orders a minute, which all but stop at noon."""
    return (4.0 if at >= NOON else 480.0 + (at.minute * 7) % 41), None


def burst(at: datetime, value: float, chance: random.Random = random.Random(3)) -> float:  # noqa: B008
    """Half an hour in which it swings widely around the same level."""
    return value + chance.gauss(0, 25) if at < NOON + 30 * MINUTE else value


# Name, what its figures are, and as what it is to be seen; those after the line are in order.
DAY: dict[str, tuple[Source_, str]] = {
    "spike": (level(latency(1), lambda at, v: 3 * v if at == NOON else v), "unusual"),
    "shift": (level(latency(7), lambda at, v: 1.8 * v), "unusual"),
    "ramp": (level(latency(3), lambda at, v: v * (1 + min((at - NOON) / HOUR, 1))), "unusual"),
    "burst": (level(queue(1), burst), "unusual"),
    "stuck": (level(latency(4), lambda at, v: 5.0), "stuck"),
    "missing": (level(latency(5), lambda at, v: None), "silent"),
    "rejects": (rejects(1, share=0.04), "count"),
    "orders": (orders, "count"),
    "logins": (drip, "count"),
    "few": (few, ""),  # one of four is 25 %, and means nothing
    "other": (level(latency(6), lambda at, v: v), ""),  # the same figure of another partner
    "calm": (level(queue(4), lambda at, v: v), ""),
}
COUNTED = ("orders", "logins")


def send(source: Any, names: Any, since: datetime, until: datetime) -> None:
    """What these series send between; nothing while the venue is closed or on its holiday."""
    days = (until.date() - since.date()).days + 1
    open_ = [at for at in minutes(since, days) if since <= at < until]
    open_ = [at for at in open_ if at.astimezone(LONDON).date() != HOLIDAY.date()]
    for name in names:
        value = DAY[name][0]
        found = [(at, value(at)) for at in open_]
        rows = [Figure(name, one[0], at, {}, one[1]) for at, one in found if one is not None]
        kind = "count" if name in COUNTED else "level"
        figures.store(source=source, figures=rows, at=until, kind=kind)


@pytest.fixture
def learned(metrics: Any, people: Any, switched_on: Any) -> Any:
    """Every series after five trading days, those that count after two, switched on at night."""
    HOURS.pk = None
    HOURS.save(force_insert=True)
    levels = [name for name in DAY if name not in (*COUNTED, "rejects", "few")]
    send(metrics, levels, MONDAY, THEN)
    send(metrics, (*COUNTED, "rejects", "few"), MONDAY + timedelta(days=3), THEN)
    boss = people.actor("administrator")
    for series in Series.objects.all():
        how = switching.How(series.kind, hours_id=HOURS.pk, both_ways=series.metric == "orders")
        switching.change(series_id=series.pk, how=how, by=boss, at=THEN)
        switched_on(Series.objects.get(pk=series.pk), at=THEN)
    watching.watch(at=THEN)
    assert Anomaly.objects.count() == 0
    return metrics


def test_each_injection_of_a_day_is_caught_and_what_is_in_order_stays_quiet(learned):
    at = THEN.replace(hour=8)
    while at < END:
        send(learned, DAY, at, at + HOUR)
        at += HOUR
        watching.watch(at=at + watches.GRACE)
    found = list(Anomaly.objects.order_by("id").values_list("series__metric", "kind", "began_at"))
    assert {name: kind for name, kind, _ in found} == {
        name: kind for name, (_, kind) in DAY.items() if kind
    }
    by_noon = {name for name, _, began_at in found if began_at < NOON}
    assert by_noon == set()
    first = {name: began_at for name, _, began_at in reversed(found)}
    late = {name for name, began_at in first.items() if began_at > NOON + 25 * MINUTE}
    assert late <= {"ramp", "logins"}
    assert max(first.values()) <= NOON + 75 * MINUTE
    alerts = Alert.objects.values_list("labels__metric", flat=True)
    assert sorted(alerts) == sorted(name for name, _, _ in found)
    assert Incident.objects.count() < len(found)  # what began in one minute is one
    # The week that follows, for those in which nothing was wrong.
    quiet = [name for name, (_, kind) in DAY.items() if not kind]
    Series.objects.exclude(metric__in=quiet).update(is_on=False)
    for day in range(1, 8):
        at = THEN + timedelta(days=day)
        send(learned, quiet, at.replace(hour=0), at.replace(hour=23))
        watching.watch(at=at.replace(hour=23))
    alarms = Anomaly.objects.filter(series__metric__in=quiet)
    per_series = {name: alarms.filter(series__metric=name).count() for name in quiet}
    assert {name: number for name, number in per_series.items() if number > 1} == {}


def test_a_venue_s_own_time_its_holidays_and_short_days_are_those_of_the_register():
    session = watches.session_of(
        TradingHours(
            zone="Europe/London",
            opens=VENUE.opens,
            closes=VENUE.closes,
            days=[0, 1, 2, 3, 4],
            exceptions="2026-12-25\n2026-12-24 12:30",
        )
    )
    winter = datetime(2026, 3, 27, 9, 10, tzinfo=LONDON)
    assert session.slot(winter) == session.slot(winter + timedelta(days=3)) == "open 2"
    assert not session.is_open(datetime(2026, 12, 25, 12, tzinfo=LONDON))
    assert session.is_open(datetime(2026, 12, 24, 12, tzinfo=LONDON))
    assert not session.is_open(datetime(2026, 12, 24, 13, tzinfo=LONDON))
