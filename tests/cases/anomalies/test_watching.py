"""The job: each figure is fed once, what is wrong opens one incident through the alerts' door."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F

from cases.anomalies import answers, switching, telling, watches, watching
from cases.intake import alerts, figures, opening
from cases.intake.metrics import Figure
from cases.models import Alert, Anomaly, Event, Incident, Observation, Series, SeriesState
from incidentdesk.kernel.access import SYSTEM
from tests.cases.anomalies.conftest import HOUR, MINUTE, latency
from tests.conftest import NOW

pytestmark = pytest.mark.django_db


def spike(at, value=60.0, **labels):
    return Figure("latency_ms", value, at, labels)


def kinds():
    return list(Anomaly.objects.order_by("id").values_list("kind", "began_at", "ended_at"))


def later(series, source, start, values):
    """Figures a minute from `start` on, put in and fed when the last one came."""
    rows = [
        Figure(series.metric, v, start + n * MINUTE, series.labels) for n, v in enumerate(values)
    ]
    figures.store(source=source, figures=rows, at=rows[-1].at)
    watching.watch(at=rows[-1].at)


def test_what_is_stored_is_learned_first_and_tells_nobody(stored, switched_on):
    past = latency(600)
    past[400] = replace(past[400], value=90.0)
    series = switched_on(stored(past))
    assert watching.watch(at=NOW) == 0
    state = SeriesState.objects.get()
    assert (state.fed_until, state.learns_until) == (past[-1].at, None)
    assert state.version == "slots-means-spread 1"
    assert state.memory["detector"]["baseline"]["seen"] == 590  # an anomaly moves no level
    bands = Observation.objects.filter(series=series, low__lt=5, expected__gt=4, high__gt=5)
    assert bands.count() > 400
    assert (Anomaly.objects.count(), Event.objects.count()) == (0, 0)


def test_a_spike_opens_an_incident_and_its_end_proposes_recovery(stored, switched_on, metrics):
    series = switched_on(stored(latency(600)))
    watching.watch(at=NOW)
    later(series, metrics, NOW, [60.0])
    anomaly = Anomaly.objects.get()
    assert (anomaly.kind, anomaly.began_at, anomaly.ended_at) == ("unusual", NOW, None)
    assert (anomaly.value, anomaly.model) == (60.0, "slots-means-spread 1")
    assert (anomaly.window, anomaly.threshold) == ("1 figures", 2.0)
    why = Anomaly.objects.filter(expected__gt=F("low"), high__gt=F("expected"), high__lt=60)
    assert why.filter(p__lt=0.01, surprise__gt=2).exists()
    incident = Incident.objects.get()
    assert incident.title == f"latency_ms: {anomaly.words}"
    assert incident.detected_by == "The desk itself · source “The desk itself”"
    assert incident.recovery_proposed_at is None
    alert = Alert.objects.get()
    assert (alert.incident, alert.external_key) == (incident, anomaly.key)
    assert (alert.labels, alert.resolved_at) == ({"metric": "latency_ms"}, None)
    assert telling.alerts_of([anomaly], SYSTEM) == {anomaly.pk: alert}
    usual = [figure.value for figure in latency(12, seed=9)]
    later(series, metrics, NOW + MINUTE, usual)
    anomaly.refresh_from_db()
    assert (anomaly.ended_at, anomaly.is_end_told) == (NOW + 10 * MINUTE, True)
    incident.refresh_from_db()
    assert incident.recovery_proposed_at == NOW + 12 * MINUTE
    said = list(Event.objects.order_by("id").values_list("said", flat=True))
    assert said == [f"opened {incident.reference}", f"resolved {incident.reference}"]


def test_a_figure_is_fed_once_whatever_comes_late_or_again(stored, switched_on, metrics):
    series = switched_on(stored(latency(300)))
    watching.watch(at=NOW)
    before = SeriesState.objects.get()
    figures.store(source=metrics, figures=[spike(NOW - 30 * MINUTE - timedelta(seconds=5))], at=NOW)
    figures.store(source=metrics, figures=latency(300), at=NOW)
    watching.watch(at=NOW)
    after = SeriesState.objects.get()
    assert (after.memory, after.fed_until) == (before.memory, before.fed_until)
    later(series, metrics, NOW, [5.0])
    assert SeriesState.objects.get().memory["detector"]["baseline"]["seen"] == 301


def test_fed_in_pieces_it_remembers_what_it_would_have_in_one(
    stored, switched_on, metrics, monkeypatch
):
    monkeypatch.setattr(watching, "MOST", 70)
    series = switched_on(stored(latency(500)))
    watching.watch(at=NOW)
    in_pieces = SeriesState.objects.get().memory
    state = SeriesState.objects.get()
    whole = watches.made(series, [], {})
    rows = list(series.observations.order_by("at").values_list("at", "value", "tries"))
    watches.feed(series, whole, rows, fed=None, until=NOW)
    whole.drift.agree(whole.detector.baseline)
    assert in_pieces == json.loads(json.dumps(whole.state()))
    assert state.fed_until == rows[-1][0]


def test_a_series_that_is_off_is_fed_nothing(stored):
    stored(latency(300))
    assert watching.watch(at=NOW) == 0
    assert SeriesState.objects.count() == 0
    assert Observation.objects.exclude(expected=None).count() == 0


def test_what_is_wrong_already_when_it_is_switched_on_is_said_once(stored, switched_on, metrics):
    past = latency(400)
    past[390:] = [replace(one, value=80.0) for one in past[390:]]
    series = switched_on(stored(past))
    watching.watch(at=NOW)
    assert [kind[:2] for kind in kinds()] == [("unusual", NOW)]
    assert Anomaly.objects.get().words == "it was so when the series was switched on"
    later(series, metrics, NOW, [80.0, 81.0])
    assert Anomaly.objects.count() == 1


def test_many_series_in_one_minute_are_one_incident_with_a_list(metrics, switched_on):
    many = [
        replace(one, labels={"gateway": name})
        for number, name in enumerate(("a", "b", "c"))
        for one in latency(300, seed=number)
    ]
    figures.store(source=metrics, figures=many, at=NOW)
    for series in Series.objects.all():
        switched_on(series)
    watching.watch(at=NOW)
    second = timedelta(seconds=20)
    figures.store(
        source=metrics, figures=[spike(NOW, gateway="a"), spike(NOW, gateway="b")], at=NOW
    )
    watching.watch(at=NOW)
    figures.store(source=metrics, figures=[spike(NOW + second, gateway="c")], at=NOW + second)
    watching.watch(at=NOW + second)
    incident = Incident.objects.get()
    assert incident.alerts.count() == 3
    assert incident.title.endswith(" and 1 more")
    assert len(set(Anomaly.objects.values_list("group", flat=True))) == 1
    assert [kind[0] for kind in kinds()] == ["unusual"] * 3


def test_two_that_begin_at_other_times_are_two_incidents(metrics, switched_on, stored):
    for number, name in enumerate(("a", "b")):
        switched_on(stored([replace(f, labels={"x": name}) for f in latency(300, seed=number)]))
    watching.watch(at=NOW)
    for name, at in (("a", NOW), ("b", NOW + 2 * MINUTE)):
        figures.store(source=metrics, figures=[spike(at, x=name)], at=at)
        watching.watch(at=at)
    assert Incident.objects.count() == 2


def test_silence_is_seen_without_any_figure_and_ends_when_it_speaks(stored, switched_on, metrics):
    series = switched_on(stored(latency(300)))
    watching.watch(at=NOW)
    watching.watch(at=NOW + MINUTE)
    assert kinds() == []
    watching.watch(at=NOW + 3 * MINUTE)
    assert [kind[0] for kind in kinds()] == ["silent"]
    watching.watch(at=NOW + 9 * MINUTE)
    later(series, metrics, NOW + 10 * MINUTE, [5.0])
    assert [(kind[0], kind[2]) for kind in kinds()] == [("silent", NOW + 10 * MINUTE)]
    assert Incident.objects.get().recovery_proposed_at == NOW + 10 * MINUTE


def test_a_series_may_be_silent_where_somebody_says_so(stored, switched_on, people):
    series = stored(latency(300))
    how = switching.How(kind="level", may_be_silent=True)
    switching.change(series_id=series.pk, how=how, by=people.actor("administrator"), at=NOW)
    switched_on(Series.objects.get())
    watching.watch(at=NOW)
    watching.watch(at=NOW + 5 * HOUR)
    assert kinds() == []


def test_a_hard_limit_is_an_alarm_at_once_and_pages_at_its_urgency(
    stored, switched_on, metrics, people
):
    series = stored(latency(300))
    boss = people.actor("administrator")
    switching.limit(series_id=series.pk, lowest=None, highest=6.5, by=boss, at=NOW)
    switched_on(Series.objects.get())
    watching.watch(at=NOW)
    Anomaly.objects.all().delete()
    later(series, metrics, NOW, [7.0])
    assert Anomaly.objects.get().words == "7 is above the limit of 6.5"
    assert Incident.objects.get().urgency == 3


def test_counts_are_fed_every_minute_also_those_without_a_figure(metrics, switched_on, people):
    rows = [Figure("rejects", float(n % 3), NOW - (240 - n) * MINUTE) for n in range(240) if n % 2]
    figures.store(source=metrics, figures=rows, at=NOW, kind="count")
    series = switched_on(Series.objects.get())
    watching.watch(at=NOW)
    state = SeriesState.objects.get()
    assert state.fed_until == NOW - MINUTE - timedelta(microseconds=1)
    assert sum(rate[2] for rate in state.memory["counts"]["rates"].values()) == 238
    burst = [Figure("rejects", 1.0, NOW + n * timedelta(seconds=1)) for n in range(50)]
    figures.store(source=metrics, figures=burst, at=NOW + MINUTE)
    watching.watch(at=NOW + MINUTE)
    assert kinds() == []  # the minute may not be over: figures are on their way
    watching.watch(at=NOW + MINUTE + watches.GRACE)
    anomaly = Anomaly.objects.get()
    assert (anomaly.kind, anomaly.value, anomaly.threshold) == ("count", 50.0, 5.0)
    assert anomaly.words.startswith("50 in a minute where ")
    within = series.observations.filter(at__gte=NOW).values_list("expected", "low", "high")
    assert len(set(within)) == 1  # the whole minute has one band


def test_a_ratio_is_judged_by_what_it_is_so_many_of(metrics, switched_on):
    rows = [
        Figure("rejects", float(n % 3), NOW - (180 - n) * MINUTE, {}, 300.0) for n in range(180)
    ]
    figures.store(source=metrics, figures=rows, at=NOW)
    series = switched_on(Series.objects.get())
    assert series.kind == "ratio"
    watching.watch(at=NOW + watches.GRACE)
    one_of_two = Figure("rejects", 1.0, NOW, {}, 2.0)
    many = Figure("rejects", 40.0, NOW + MINUTE, {}, 300.0)
    figures.store(source=metrics, figures=[one_of_two], at=NOW)
    watching.watch(at=NOW + MINUTE + watches.GRACE)
    assert kinds() == []
    figures.store(source=metrics, figures=[many], at=NOW + MINUTE)
    watching.watch(at=NOW + 2 * MINUTE + watches.GRACE)
    assert Anomaly.objects.get().words.startswith("40 of 300 in a minute where ")


def test_another_detector_learns_what_is_stored_and_goes_on(stored, switched_on, metrics):
    series = switched_on(stored(latency(300)))
    watching.watch(at=NOW)
    before = SeriesState.objects.get()
    SeriesState.objects.update(version="of last year", memory={"strange": 1})
    later(series, metrics, NOW, [5.0])
    after = SeriesState.objects.get()
    assert (after.version, after.learns_until) == ("slots-means-spread 1", None)
    assert after.fed_until == NOW
    assert after.memory["detector"]["baseline"]["seen"] == 301
    assert before.memory.keys() == after.memory.keys()


def test_what_could_not_be_opened_waits_and_is_opened_by_the_sweep(
    stored, switched_on, metrics, monkeypatch
):
    series = switched_on(stored(latency(300)))
    watching.watch(at=NOW)

    def refuse(*args, **known):
        raise RuntimeError("no incident today")

    with monkeypatch.context() as broken:
        broken.setattr(opening, "open_from", refuse)
        later(series, metrics, NOW, [60.0])
    assert Incident.objects.count() == 0
    assert Event.objects.get().outcome == Event.Outcome.PENDING
    assert alerts.open_pending(at=NOW + MINUTE) == 1
    anomaly = Anomaly.objects.get()
    assert telling.alerts_of([anomaly], SYSTEM)[anomaly.pk].incident == Incident.objects.get()


@pytest.mark.django_db(transaction=True)
def test_a_series_that_another_worker_feeds_is_left_alone(stored, switched_on, at_once):
    switched_on(stored(latency(300)))
    watching.watch(at=NOW)
    figures.store(source=Series.objects.get().source, figures=[spike(NOW)], at=NOW)
    at_once([lambda: watching.watch(at=NOW)] * 3)
    assert Anomaly.objects.count() == 1
    assert Incident.objects.count() == 1
    assert Alert.objects.get().count == 1


def test_a_batch_costs_the_same_number_of_statements_for_ten_series_as_for_two(
    metrics, switched_on
):
    def switch_on_many(names):
        rows = [replace(f, labels={"n": name}) for name in names for f in latency(120)]
        figures.store(source=metrics, figures=rows, at=NOW)
        for series in Series.objects.filter(is_on=False):
            switched_on(series)
        watching.watch(at=NOW)

    def feed(names, at):
        rows = [Figure("latency_ms", 5.0, at, {"n": name}) for name in names]
        figures.store(source=metrics, figures=rows, at=at)
        with connection.execute_wrapper(count):
            seen.clear()
            watching.watch(at=at)
        return len(seen)

    seen: list[str] = []

    def count(execute, sql, params, many, context):
        seen.append(sql)
        return execute(sql, params, many, context)

    names = [str(n) for n in range(10)]
    switch_on_many(names[:2])
    few = feed(names[:2], NOW)
    switch_on_many(names)
    assert feed(names, NOW + MINUTE) == few


def test_an_answer_counts_from_the_next_figure_on(stored, switched_on, metrics, people):
    series = switched_on(stored(latency(300)))
    watching.watch(at=NOW)
    later(series, metrics, NOW, [60.0] * 20)
    anomaly = Anomaly.objects.get()
    by, then = people.actor("responder"), NOW + 20 * MINUTE
    words = answers.answer(anomaly_id=anomaly.pk, said="expected", by=by, at=then)
    assert "threshold 2.10 instead of 2.00): fewer alarms." in words
    later(series, metrics, then, [60.0] * 5)
    anomaly.refresh_from_db()
    assert (anomaly.ended_at, anomaly.is_end_told) == (then, True)
    assert Anomaly.objects.count() == 1
