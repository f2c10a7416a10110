"""Switching a series on and off, the back-test before it, and how it is watched."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from cases.anomalies import backtest, switching, watching
from cases.intake import figures
from cases.intake.metrics import Figure
from cases.models import Alert, Anomaly, Incident, Series, SeriesState, TradingHours
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotAllowed
from tests.cases.anomalies.conftest import HOUR, MINUTE, latency
from tests.conftest import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(people):
    return people.actor("administrator")


def test_a_back_test_says_what_would_have_been_said_and_keeps_nothing(stored):
    past = latency(1500)
    for place in (500, 900, 1300):
        past[place] = replace(past[place], value=70.0)
    series = stored(past)
    test = backtest.of(series, at=NOW)
    assert test.words == "This would have alarmed 3 times in the last 25 hours."
    assert [alarm.at for alarm in test.alarms] == [past[n].at for n in (500, 900, 1300)]
    assert all(alarm.words.startswith("70 where ") for alarm in test.alarms)
    assert (test.figures, test.since, test.until) == (1500, past[0].at, past[-1].at)
    assert (Anomaly.objects.count(), SeriesState.objects.count()) == (0, 0)


def test_a_back_test_of_little_or_nothing_says_so(stored, metrics):
    series = stored(latency(40))
    words = "Only 40 figures are stored; the detector says nothing before it knows 100."
    assert backtest.of(series, at=NOW).words == words
    nothing = backtest.of(series, at=NOW + timedelta(days=30))
    assert nothing.words == "Nothing is stored yet, so there is nothing to try it on."
    quiet = stored([replace(one, labels={"n": "2"}) for one in latency(150)])
    assert backtest.of(quiet, at=NOW).words == "This would not have alarmed in the last 2 hours."


def test_a_back_test_reads_so_many_figures_at_most(stored, monkeypatch):
    monkeypatch.setattr(backtest, "MOST", 120)
    test = backtest.of(stored(latency(300)), at=NOW)
    assert (test.figures, test.since) == (120, NOW - 2 * HOUR)


def test_it_is_switched_on_by_what_was_seen_and_by_nothing_else(stored, boss, people):
    series = stored(latency(300))
    seen = backtest.proof_of(series)
    switching.limit(series_id=series.pk, lowest=None, highest=20.0, by=boss, at=NOW)
    with pytest.raises(Conflict, match="It is watched otherwise than in the back-test"):
        switching.switch_on(series_id=series.pk, seen=seen, by=boss, at=NOW)
    with pytest.raises(NotAllowed):
        switching.switch_on(series_id=series.pk, seen=seen, by=people.actor("commander"), at=NOW)
    series.refresh_from_db()
    seen = backtest.of(series, at=NOW).proof
    on = switching.switch_on(series_id=series.pk, seen=seen, by=boss, at=NOW)
    assert (on.is_on, on.switched_at, on.switched_by.name, on.spacing) == (
        True,
        NOW,
        "Administrator",
        60,
    )
    with pytest.raises(Conflict, match="It is on already"):
        switching.switch_on(series_id=series.pk, seen=seen, by=boss, at=NOW)


def test_switched_off_what_is_open_ends_and_what_was_learned_is_gone(
    stored, switched_on, boss, metrics
):
    series = switched_on(stored(latency(300)))
    figures.store(source=metrics, figures=[Figure("latency_ms", 60.0, NOW)], at=NOW)
    watching.watch(at=NOW)
    switching.switch_off(series_id=series.pk, by=boss, at=NOW + MINUTE)
    watching.watch(at=NOW + MINUTE)
    anomaly = Anomaly.objects.get()
    assert (anomaly.ended_at, anomaly.is_end_told) == (NOW + MINUTE, True)
    assert Alert.objects.get().resolved_at == NOW + MINUTE
    assert Incident.objects.get().recovery_proposed_at == NOW + MINUTE
    assert SeriesState.objects.count() == 0
    with pytest.raises(Conflict, match="It is off already"):
        switching.switch_off(series_id=series.pk, by=boss, at=NOW)


def test_of_another_kind_it_learns_its_past_anew(stored, switched_on, boss):
    series = switched_on(stored(latency(300)))
    watching.watch(at=NOW)
    switching.change(series_id=series.pk, how=switching.How(kind="count"), by=boss, at=NOW + HOUR)
    watching.watch(at=NOW + HOUR)
    state = SeriesState.objects.get()
    assert (state.version, state.learns_until) == ("counts 1", None)
    assert Anomaly.objects.count() == 0


def test_limits_are_for_levels_and_leave_room(stored, boss):
    series = stored(latency(3))
    with pytest.raises(InvalidInput, match="No figure is at least 5 and at most 4"):
        switching.limit(series_id=series.pk, lowest=5.0, highest=4.0, by=boss, at=NOW)
    switching.change(series_id=series.pk, how=switching.How(kind="count"), by=boss, at=NOW)
    with pytest.raises(InvalidInput, match="Hard limits are for levels"):
        switching.limit(series_id=series.pk, lowest=1.0, highest=None, by=boss, at=NOW)
    with pytest.raises(InvalidInput, match="a level, a count or a ratio"):
        switching.change(series_id=series.pk, how=switching.How(kind="x"), by=boss, at=NOW)


def test_while_the_venue_is_closed_silence_is_no_alarm(stored, switched_on, boss):
    """NOW is 09:41; the venue closes at 10:00 in its own zone, an hour ahead."""
    hours = TradingHours.objects.create(
        name="Oslo", zone="Europe/Oslo", opens="08:00", closes="10:42", days=[0, 1, 2, 3, 4]
    )
    hours.refresh_from_db()
    series = stored(latency(60))
    how = switching.How(kind="level", hours_id=hours.pk)
    switching.change(series_id=series.pk, how=how, by=boss, at=NOW)
    switched_on(Series.objects.get())
    watching.watch(at=NOW)
    watching.watch(at=NOW + 30 * MINUTE)
    assert Anomaly.objects.count() == 0
