"""Counts and ratios: the tails are right, small numbers say nothing, state is kept."""

from __future__ import annotations

import json
import math
import random
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.detection.alarm import Kind
from cases.detection.chance import BetaBinomial, GammaPoisson, too_few, too_many
from cases.detection.count_watch import CountSettings, CountWatch
from cases.detection.counts import KNOWN_AFTER, LEAST, WINDOWS, Counts, Minute
from cases.detection.replay import Ended, replay_minutes

MINUTES = st.lists(
    st.one_of(
        st.tuples(st.integers(0, 50), st.integers(0, 500)),
        st.tuples(st.integers(0, 10**17), st.integers(0, 10**17)),
        st.tuples(st.integers(0, 10**17), st.just(0)),
    ).map(lambda m: Minute(m[0], m[0] + m[1])),
    min_size=1,
    max_size=120,
)


T0, H = datetime(2026, 3, 2, tzinfo=UTC), timedelta(hours=1)


def minutes_of(number, mean, since=T0):
    """So many minutes with about so many cases each, the same each time."""
    chance = random.Random(4)
    return {
        since + n * H / 60: Minute(max(0, round(chance.gauss(mean, mean**0.5))))
        for n in range(number)
    }


def exactly(n, share, k):
    """-log10 of the probability of k or more of n, to the last digit."""
    p = Fraction(share).limit_denominator(10**6)
    tail = sum(math.comb(n, j) * p**j * (1 - p) ** (n - j) for j in range(k, n + 1))
    return -math.log10(tail)


@pytest.mark.parametrize(("n", "share", "k"), [(20, 0.05, 4), (500, 0.01, 15), (2000, 0.2, 470)])
def test_with_a_well_known_rate_the_tail_is_the_binomial_one(n, share, k):
    known = BetaBinomial(n, share, strength=1e9)
    assert too_many(known, k) == pytest.approx(exactly(n, share, k), abs=0.05)


def test_too_few_is_the_same_tail_from_the_other_side():
    spared = BetaBinomial(200, 0.3, strength=1e9)
    counted = BetaBinomial(200, 0.7, strength=1e9)
    assert too_few(spared, 35) == pytest.approx(too_many(counted, 165), abs=0.01)


def test_with_a_well_known_mean_the_tail_is_the_poisson_one():
    p = 1 - sum(math.exp(-3) * 3**k / math.factorial(k) for k in range(15))
    assert too_many(GammaPoisson(3.0, shape=1e9), 15) == pytest.approx(-math.log10(p), abs=0.05)


def test_what_is_hardly_known_surprises_less():
    assert too_many(GammaPoisson(3.0, 5.0), 15) < too_many(GammaPoisson(3.0, 500.0), 15)
    assert too_many(BetaBinomial(500, 0.01, 50), 15) < too_many(BetaBinomial(500, 0.01, 5000), 15)


@given(st.floats(1e-3, 1e6), st.floats(0.5, 1e6), st.integers(0, 10**6))
@settings(max_examples=200)
def test_every_tail_is_a_probability(mean, shape, k):
    chance = GammaPoisson(mean, shape)
    assert 0.0 <= too_many(chance, k) <= 15.0
    assert 0.0 <= too_few(chance, k) <= 15.0
    assert min(too_many(chance, k), too_few(chance, k)) == 0.0


def test_a_ratio_of_fewer_than_twenty_is_never_taken():
    counts = Counts()
    for _ in range(KNOWN_AFTER):
        counts.feed(Minute(1, 100))
    for _ in range(60):
        counts.feed(Minute(0, 0))
    for _ in range(3):
        assert counts.feed(Minute(6, 6)).surprise == 0.0
    assert counts.feed(Minute(2, LEAST - 18)).surprise > 6.0


def test_nothing_is_said_before_the_rate_is_known():
    counts = Counts()
    said = {counts.feed(Minute(90, 100)).surprise for _ in range(KNOWN_AFTER)}
    assert said == {0.0}


@pytest.mark.parametrize("window", WINDOWS)
def test_the_window_in_which_it_is_rarest_speaks(window):
    chance, counts = random.Random(4), Counts()
    for _ in range(3000):
        counts.feed(Minute(sum(chance.random() < 0.02 for _ in range(100)), 100))
    more = {1: 20, 5: 9, 60: 4}[window]
    readings = [counts.feed(Minute(more, 100)) for _ in range(window)]
    assert readings[-1].surprise > 5.0
    assert readings[-1].window == window


def test_the_rate_of_the_night_is_not_the_rate_of_the_day():
    chance, counts = random.Random(4), Counts()
    for _ in range(20):
        for hours, usual in (("open", 40), ("closed", 2)):
            for _ in range(60):
                counts.feed(Minute(round(max(0, chance.gauss(usual, usual**0.5)))), hours)
    assert [counts.feed(Minute(40), hours).surprise > 5.0 for hours in ("open", "closed")] == [0, 1]


def test_minutes_that_differ_more_than_chance_allows_are_given_more_room():
    chance, steady, restless = random.Random(4), Counts(), Counts()
    for _ in range(5000):
        steady.feed(Minute(round(chance.gauss(100, 10))))
        restless.feed(Minute(max(0, round(chance.gauss(100, 40)))))
    assert steady.feed(Minute(170)).surprise > 5.0
    assert restless.feed(Minute(170)).surprise < 3.0


@pytest.mark.parametrize(("bad", "tries"), [(-1, 5), (6, 5), (-1, None)])
def test_what_cannot_have_happened_is_refused(bad, tries):
    with pytest.raises(ValueError, match="cannot be"):
        Minute(bad, tries)


@given(st.lists(st.integers(0, 10**17), min_size=70, max_size=200))
@settings(max_examples=40, deadline=None)
def test_a_plain_count_of_any_size_is_read(many):
    counts = Counts(both_ways=True)
    for bad in many:
        reading = counts.feed(Minute(bad))
        assert 0.0 <= reading.surprise <= 15.0


@given(MINUTES, MINUTES)
@settings(max_examples=40, deadline=None)
def test_counts_that_were_stored_go_on_as_if_they_never_had_been(before, after):
    kept = Counts(both_ways=True)
    for minute in before:
        kept.feed(minute)
    restored = Counts.restored(json.loads(json.dumps(kept.state(), allow_nan=False)))
    assert [restored.feed(minute) for minute in after] == [kept.feed(minute) for minute in after]
    assert restored.state() == kept.state()


def test_a_count_that_a_person_expects_is_the_usual_one_from_then_on():
    watch = CountWatch(CountSettings())
    quiet = replay_minutes(watch, minutes_of(120, 4), nothing=Minute(0), since=T0, until=T0 + 2 * H)
    assert quiet.told == []
    more = replay_minutes(
        watch, minutes_of(60, 40, T0 + 2 * H), nothing=Minute(0), since=T0 + 2 * H, until=T0 + 3 * H
    )
    assert [alarm.kind for alarm in more.alarms] == [Kind.COUNT]
    assert watch.episode.is_open
    watch.accept()
    assert not watch.episode.is_open
    after = replay_minutes(
        watch, minutes_of(60, 40, T0 + 3 * H), nothing=Minute(0), since=T0 + 3 * H, until=T0 + 4 * H
    )
    assert after.told == []
    assert after.bands[-1].low < 40 < after.bands[-1].high


def test_minutes_in_which_nothing_came_are_fed_as_well():
    watch = CountWatch(CountSettings(both_ways=True))
    replay_minutes(watch, minutes_of(120, 40), nothing=Minute(0), since=T0, until=T0 + 2 * H)
    gone = replay_minutes(watch, {}, nothing=Minute(0), since=T0 + 2 * H, until=T0 + 3 * H)
    assert [alarm.kind for alarm in gone.alarms] == [Kind.COUNT]
    back = replay_minutes(
        watch, minutes_of(60, 40, T0 + 3 * H), nothing=Minute(0), since=T0 + 3 * H, until=T0 + 4 * H
    )
    assert [type(one) for one in back.told[:1]] == [Ended]
