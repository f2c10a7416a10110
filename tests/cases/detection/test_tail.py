"""How rare a figure is: p means what it says, and a restored tail goes on."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.detection.tail import MOST, WARM_UP, Tail

FIGURES = st.lists(st.floats(0, 1e12), min_size=1, max_size=400)
CHANCES = {
    "exponential": lambda chance: chance.expovariate(1.0),
    "normal": lambda chance: abs(chance.gauss(0.0, 1.0)),
    "heavy": lambda chance: chance.paretovariate(3.0),
    "tiny": lambda chance: chance.expovariate(1.0) * 1e-7,
}


@pytest.mark.parametrize("name", CHANCES)
def test_a_figure_of_one_in_a_thousand_is_as_rare_as_that(name):
    chance, tail = random.Random(5), Tail()
    rare = 0
    for number in range(60_000):
        figure = CHANCES[name](chance)
        rare += number >= 10_000 and tail.surprise(figure) >= 3.0
        tail.learn(figure)
    assert 12 <= rare <= 100  # 50 are to be expected; a thin tail is taken for an exponential one


def test_nothing_is_said_before_the_warm_up_is_over():
    tail = Tail()
    for number in range(WARM_UP):
        assert tail.surprise(1e9) == 0.0
        tail.learn(float(number))
    assert tail.surprise(1e9) > 3.0


def test_the_ordinary_nineteen_of_twenty_are_no_surprise():
    chance, tail = random.Random(5), Tail()
    figures = [chance.random() for _ in range(5000)]
    for figure in figures:
        tail.learn(figure)
    surprising = sum(tail.surprise(figure) > 0.0 for figure in figures)
    assert 0.02 <= surprising / len(figures) <= 0.08


def test_a_series_that_never_moved_is_surprised_by_its_first_move_and_gets_used_to_moving():
    tail = Tail()
    for _ in range(500):
        tail.learn(0.0)
    assert (tail.surprise(0.0), tail.surprise(1.0)) == (0.0, MOST)
    for _ in range(500):
        tail.learn(1.0)
    assert tail.surprise(1.0) == 0.0


def test_what_it_reaches_is_what_surprises_that_much():
    chance, tail = random.Random(5), Tail()
    for _ in range(5000):
        tail.learn(chance.expovariate(1.0))
    assert [round(tail.surprise(tail.reach(each)), 6) for each in (2.0, 4.0, 8.0)] == [2, 4, 8]


@given(FIGURES, FIGURES)
@settings(max_examples=60, deadline=None)
def test_a_tail_that_was_stored_goes_on_as_if_it_never_had_been(before, after):
    kept = Tail()
    for figure in before:
        kept.learn(figure)
    restored = Tail.restored(json.loads(json.dumps(kept.state())))
    for figure in after:
        assert restored.surprise(figure) == kept.surprise(figure)
        kept.learn(figure)
        restored.learn(figure)
    assert restored.state() == kept.state()


@given(FIGURES)
@settings(max_examples=60, deadline=None)
def test_a_larger_figure_is_never_less_surprising(figures):
    tail = Tail()
    for figure in figures * 4:
        tail.learn(figure)
    surprises = [tail.surprise(figure) for figure in sorted(figures)]
    assert surprises == sorted(surprises)
    assert all(0.0 <= surprise <= MOST for surprise in surprises)
