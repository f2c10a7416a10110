"""What goes wrong on a trading day is seen, and a quiet week stays quiet. No figure is real."""

from __future__ import annotations

import math
import random
from datetime import datetime, timedelta

import pytest

from cases.detection.alarm import Kind
from cases.detection.count_watch import CountSettings, CountWatch
from cases.detection.counts import Minute
from cases.detection.episodes import Step
from cases.detection.limits import Limits
from cases.detection.sessions import ROUND_THE_CLOCK, WEEKDAYS, Session
from cases.detection.watch import Settings, Watch
from tests.cases.detection.days import (
    FAMILIES,
    LONDON,
    MINUTE,
    MONDAY,
    VENUE,
    latency,
    learned,
    minutes,
    orders,
    queue,
    run,
)

THEN = MONDAY + timedelta(weeks=3)  # the Monday after three quiet weeks
NOON = THEN.replace(hour=12)


def kinds(alarms):
    return [alarm.kind for alarm in alarms]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("seed", [11, 12])
def test_a_quiet_week_has_one_false_alarm_at_most(family, seed):
    watch, figure = learned(family, seed)
    assert len(run(watch, figure, THEN, 7)) <= 1


@pytest.mark.parametrize("family", FAMILIES)
def test_what_is_called_one_in_a_hundred_happens_about_once_in_a_hundred(family):
    watch, figure = learned(family, 5)
    readings = [watch.observe(at, figure(at)).reading for at in minutes(THEN, 42)]
    rare = [sum(reading.p <= p for reading in readings) for p in (0.01, 0.001)]
    often = len(readings) / 100
    assert 0.5 * often <= rare[0] <= 2 * often
    assert rare[1] <= 0.3 * often


@pytest.mark.parametrize("family", FAMILIES)
def test_a_spike_is_an_alarm_at_once(family):
    watch, figure = learned(family, 1)
    alarms = run(watch, figure, THEN, 1, lambda at, v: 3 * v if at == NOON else v)
    assert [(alarm.kind, alarm.at) for alarm in alarms] == [(Kind.UNUSUAL, NOON)]
    (alarm,) = alarms
    said = alarm.as_json()
    assert said["low"] < said["expected"] < said["high"] < said["value"]
    assert said["p"] < 0.01
    assert (alarm.model, alarm.window) == ("slots-means-spread 1", "1 figures")


@pytest.mark.parametrize("family", FAMILIES)
def test_an_anomaly_ends_ten_good_figures_after_it_and_not_when_it_has_left_the_means(family):
    watch, figure = learned(family, 1)
    told = []
    for at in minutes(THEN, 1):
        wrong = NOON <= at < NOON + 3 * MINUTE
        verdict = watch.observe(at, figure(at) * (3 if wrong else 1))
        told += [(at, verdict.step)] * (verdict.step in (Step.BEGAN, Step.ENDED))
        assert verdict.ended == (Kind.UNUSUAL if verdict.step is Step.ENDED else None)
    assert told == [(NOON, Step.BEGAN), (NOON + 12 * MINUTE, Step.ENDED)]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_level_shift_is_one_alarm_within_a_quarter_of_an_hour_and_stays_open(family):
    watch, figure = learned(family, 1)
    alarms = run(watch, figure, THEN, 1, lambda at, v: 1.5 * v if at >= NOON else v)
    assert kinds(alarms) == [Kind.UNUSUAL]
    assert NOON <= alarms[0].at <= NOON + timedelta(minutes=15)
    assert watch.episode.is_open


def test_the_levels_learn_nothing_from_a_shift_until_a_person_says_that_it_is_expected():
    watch, figure = learned(latency, 1)
    before = watch.detector.baseline.state()["slots"]
    run(watch, figure, THEN, 1, lambda _at, v: v + 6)
    day = THEN + timedelta(days=1)
    slots = {slot: level for slot, (level, _) in watch.detector.baseline.slots.items()}
    assert slots == pytest.approx({slot: level for slot, (level, _) in before.items()}, rel=0.03)
    watch.accept()
    assert not watch.episode.is_open
    assert run(watch, figure, day, 1, lambda _at, v: v + 6) == []


@pytest.mark.parametrize("family", FAMILIES)
def test_a_slow_ramp_over_an_hour_is_seen(family):
    watch, figure = learned(family, 1)

    def ramp(at, value):
        return value * (1 + min(max((at - NOON) / timedelta(hours=1), 0), 1))

    alarms = run(watch, figure, THEN, 1, ramp)
    assert kinds(alarms) == [Kind.UNUSUAL]
    assert NOON < alarms[0].at < NOON + timedelta(hours=1)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_quarter_more_over_eight_weeks_is_a_note_for_a_person_and_no_storm_of_pages(family):
    watch, figure = learned(family, 1)
    notes, pages = [], []
    for at in minutes(THEN, 56):
        slow = 1 + 0.25 * ((at - THEN) / timedelta(days=56))
        for alarm in watch.observe(at, slow * figure(at)).alarms:
            (pages if alarm.pages else notes).append(alarm)
    assert kinds(notes) == [Kind.DRIFT]
    assert "above the levels that were agreed to" in notes[0].words
    assert len(pages) <= 8  # one a week, as on quiet ones


def test_eight_weeks_without_a_drift_leave_no_note_and_agreeing_ends_one():
    watch, figure = learned(queue, 1)
    quiet = [a for at in minutes(THEN, 56) for a in watch.observe(at, figure(at)).alarms]
    assert Kind.DRIFT not in kinds(quiet)
    watch.accept()
    later = THEN + timedelta(days=56)
    more = [a for at in minutes(later, 28) for a in watch.observe(at, figure(at)).alarms]
    assert Kind.DRIFT not in kinds(more)


def test_a_burst_of_variance_around_the_usual_level_is_seen():
    watch, figure = learned(queue, 1)
    chance = random.Random(3)

    def shaken(at, value):
        return value + chance.gauss(0, 25) if NOON <= at < NOON + 30 * MINUTE else value

    alarms = run(watch, figure, THEN, 1, shaken)
    assert kinds(alarms) == [Kind.UNUSUAL]
    assert NOON <= alarms[0].at <= NOON + timedelta(minutes=15)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_stuck_feed_is_seen_within_twenty_minutes_and_a_standing_one_may_be_allowed(family):
    watch, figure = learned(family, 1)
    stuck = {}

    def frozen(at, value):
        return value if at < NOON else stuck.setdefault("at", value)

    alarms = run(watch, figure, THEN, 1, frozen)
    assert kinds(alarms) == [Kind.STUCK]
    assert alarms[0].at < NOON + timedelta(minutes=20)


def test_a_missing_feed_is_one_alarm_after_three_times_its_gap_and_ends_when_it_speaks():
    watch, figure = learned(latency, 1)
    alarms = run(watch, figure, THEN, 1, lambda at, v: None if at >= NOON else v)
    assert [(alarm.kind, alarm.at) for alarm in alarms] == [(Kind.SILENT, NOON + 3 * MINUTE)]
    morning = [*minutes(THEN + timedelta(days=1), 1)]
    verdicts = [watch.observe(at, figure(at)) for at in morning]
    assert [(at, v.ended) for at, v in zip(morning, verdicts, strict=True) if v.ended] == [
        (morning[0], Kind.SILENT)
    ]
    assert [verdict.alarms for verdict in verdicts if verdict.alarms] == []


def test_a_feed_that_is_silent_while_the_venue_is_closed_is_no_alarm_before_it_should_speak():
    watch, figure = learned(latency, 1)
    run(watch, figure, THEN, 1)
    at = THEN.replace(hour=17)
    quiet = []
    while at < (THEN + timedelta(days=1)).replace(hour=8, minute=3):
        quiet += watch.tick(at).alarms
        at += MINUTE
    assert quiet == []
    assert kinds(watch.tick(at + MINUTE).alarms) == [Kind.SILENT]


@pytest.mark.parametrize("family", FAMILIES)
def test_the_week_after_the_clocks_change_is_quiet_in_the_venue_s_own_time(family):
    march = datetime(2026, 3, 9, tzinfo=LONDON)  # the clocks change on 29 March
    watch, figure = Watch(Settings(session=VENUE)), family(4)
    run(watch, figure, march, 21)
    assert len(run(watch, figure, march + timedelta(days=21), 5)) <= 1


def test_the_same_week_in_somebody_else_s_time_is_not_quiet():
    utc = Session("UTC", VENUE.opens, VENUE.closes, WEEKDAYS)
    march = datetime(2026, 3, 9, tzinfo=LONDON)
    watch, figure = Watch(Settings(session=utc)), orders(4)
    for at in minutes(march, 21):
        watch.observe(at, figure(at))
    alarms = [
        alarm
        for at in minutes(march + timedelta(days=21), 5)
        for alarm in watch.observe(at, figure(at)).alarms
    ]
    assert len(alarms) > 1


def test_a_holiday_that_the_calendar_knows_is_quiet_and_one_it_does_not_know_is_not():
    holiday = (THEN + timedelta(days=2)).date()
    knowing = Session(
        "Europe/London", VENUE.opens, VENUE.closes, WEEKDAYS, holidays=frozenset({holiday})
    )
    found = []
    for session in (knowing, VENUE):
        watch, figure = Watch(Settings(session=session)), orders(1)
        run(watch, figure, MONDAY, 21)
        alarms = []
        for at in minutes(THEN, 5):
            trades = at.astimezone(LONDON).date() != holiday
            verdict = watch.observe(at, figure(at)) if trades else watch.tick(at)
            alarms += verdict.alarms
        found.append(kinds(alarms))
    assert found == [[], [Kind.SILENT]]


def test_a_figure_that_breaks_a_hard_limit_is_an_alarm_whatever_was_learned():
    watch, figure = Watch(Settings(session=VENUE, limits=Limits(highest=50.0))), latency(1)
    first = run(watch, figure, MONDAY, 1, lambda at, v: 51.0 if at.minute == 30 else v)
    assert set(kinds(first)) == {Kind.LIMIT}
    assert first[0].words == "51 is above the limit of 50"


# --- ratios and counts ----------------------------------------------------------------------------


def rejects(chance, mean=500, share=0.01):
    tries = max(0, round(chance.gauss(mean, mean**0.5)))
    return Minute(sum(chance.random() < share for _ in range(tries)), tries)


def counted(watch, first, days, of, session=VENUE):
    alarms = []
    for at in minutes(first, days, session):
        alarms += watch.observe(at, of(at)).alarms
    return alarms


def known_rejects(seed):
    watch, chance = CountWatch(CountSettings(session=VENUE)), random.Random(seed)
    assert counted(watch, MONDAY, 5, lambda _at: rejects(chance)) == []
    return watch, chance


def test_a_reject_ratio_that_triples_is_seen_within_minutes():
    watch, chance = known_rejects(1)
    then = THEN.replace(hour=12)
    alarms = counted(watch, THEN, 1, lambda at: rejects(chance, share=0.03 if at >= then else 0.01))
    assert kinds(alarms) == [Kind.COUNT]
    assert then <= alarms[0].at <= then + timedelta(minutes=5)
    assert alarms[0].value > alarms[0].expected


def test_a_denominator_that_collapses_is_no_ratio_but_an_alarm_of_its_own():
    watch, chance = known_rejects(1)
    tries = CountWatch(CountSettings(session=VENUE, both_ways=True))
    counted(tries, MONDAY, 5, lambda _at: Minute(rejects(chance).tries))

    def collapsed(at):
        if at < NOON:
            return rejects(chance)
        return Minute(int(at.minute % 20 == 0), 4)  # one of four is 25 %, and means nothing

    assert counted(watch, THEN, 1, collapsed) == []
    alarms = counted(tries, THEN, 1, lambda at: Minute(collapsed(at).tries))
    assert [(alarm.kind, alarm.at) for alarm in alarms] == [(Kind.COUNT, NOON)]
    assert alarms[0].value < alarms[0].expected


def after(then, factor):
    return lambda at, value: value * factor if at >= then else value


def test_one_partner_s_trouble_is_that_partner_s_alarm_alone():
    partners = {f"partner {number}": learned(latency, number, days=7) for number in range(6)}
    day = MONDAY + timedelta(days=7)
    noon = day.replace(hour=12)
    alarms = {}
    for name, (watch, figure) in partners.items():
        wrong = 2.0 if name == "partner 4" else 1.0
        found = run(watch, figure, day, 1, after(noon, wrong))
        if found:
            alarms[name] = kinds(found)
    assert alarms == {"partner 4": [Kind.UNUSUAL]}


def test_a_slow_drip_of_failed_logins_is_seen_within_an_hour_though_no_minute_is_strange():
    watch, chance = CountWatch(CountSettings()), random.Random(2)

    def usual(_at):
        return Minute(int(chance.random() < 0.04))  # two or three an hour

    assert counted(watch, MONDAY, 7, usual, ROUND_THE_CLOCK) == []

    def dripping(at):
        drip = at >= NOON and at.minute % 3 == 0  # one in three minutes, never two at once
        return Minute(usual(at).bad + drip)

    alarms = counted(watch, THEN, 1, dripping, ROUND_THE_CLOCK)
    assert kinds(alarms) == [Kind.COUNT]
    assert NOON < alarms[0].at < NOON + timedelta(minutes=75)
    assert alarms[0].window == "60 min"


@pytest.mark.parametrize("seed", [21, 22, 23])
def test_counts_of_a_quiet_week_have_one_false_alarm_at_most(seed):
    watch, chance = known_rejects(seed)
    assert len(counted(watch, THEN, 7, lambda _at: rejects(chance))) <= 1


@pytest.mark.parametrize("seed", [31, 32])
def test_a_reject_rate_that_wanders_by_itself_is_given_room(seed):
    watch, chance, wandered = CountWatch(CountSettings(session=VENUE)), random.Random(seed), [0.0]

    def wandering(_at):
        wandered[0] = 0.98 * wandered[0] + chance.gauss(0, 0.06)
        return rejects(chance, share=0.01 * math.exp(wandered[0]))

    assert len(counted(watch, MONDAY, 14, wandering)) <= 2  # weeks
