"""The benchmark's scorer gives what was published, and the detector reaches what it should.

The corpus is not part of the code: with NAB_DIR unset, what needs it does not run.
"""

from __future__ import annotations

import math
import os
from pathlib import Path

import pytest

from bench import nab
from bench.nab_scoring import (
    PROFILES,
    STANDARD,
    Labels,
    Scored,
    best,
    counted,
    normalised,
    probation,
    together,
)

FOLDER = Path(os.environ.get("NAB_DIR", "/nowhere"))
needs_the_corpus = pytest.mark.skipif(
    not (FOLDER / "windows.json").is_file(), reason="NAB_DIR names no corpus"
)
LABELS = Labels(1000, ((400, 499), (700, 799)))


def scored(*rows):
    return Scored(LABELS, [float(row in rows) for row in range(LABELS.rows)])


def test_finding_each_window_at_its_left_edge_is_a_hundred_and_nothing_is_nought():
    assert round(together([counted(scored(400, 700), STANDARD)], STANDARD), 3) == 100.0
    assert [together([counted(scored(), p)], p) for p in PROFILES] == [0.0, 0.0, 0.0]


def test_a_window_counts_its_best_row_once():
    one = counted(scored(400), STANDARD)
    assert counted(scored(400, 420, 499), STANDARD) == one
    assert counted(scored(420), STANDARD).total < one.total
    assert (one.hit, one.false_alarms) == (1, 0)


def test_a_false_alarm_costs_less_just_after_a_window_and_everything_far_from_one():
    silent = counted(scored(), STANDARD).total
    cost = {row: silent - counted(scored(row), STANDARD).total for row in (300, 505, 690, 950)}
    assert cost[300] == pytest.approx(0.11)
    assert cost[505] == pytest.approx(0.11 * (1 - 2 / (1 + math.exp(5 * 6 / 99))))
    assert cost[505] < cost[690] < cost[300]
    assert counted(scored(505), PROFILES[1]).total == pytest.approx(silent - 2 * cost[505])


def test_rows_of_the_probation_are_not_scored():
    assert probation(1000) == 150
    assert probation(20_000) == 750
    assert counted(scored(149), STANDARD) == counted(scored(), STANDARD)
    assert counted(scored(150), STANDARD).false_alarms == 1


def test_one_threshold_is_chosen_for_all_series_together():
    loud = Scored(LABELS, [0.9 * (row == 400) + 0.8 * (row == 200) for row in range(1000)])
    quiet = Scored(LABELS, [0.5 * (row == 700) for row in range(1000)])
    chosen = best([loud, quiet], STANDARD)
    assert (chosen.threshold, chosen.hit, chosen.false_alarms) == (0.5, 2, 1)
    assert normalised(chosen.total, 4, STANDARD) == pytest.approx(50 - 100 * 0.11 / 8, abs=0.01)


@needs_the_corpus
def test_the_published_scores_of_relative_entropy_give_the_published_figures():
    many = nab.published(FOLDER, "relativeEntropy", nab.load(FOLDER))
    found = [normalised(o.total, o.windows, p) for p in PROFILES for o in [best(many, p)]]
    assert found == [pytest.approx(figure, abs=0.2) for figure in (54.12, 47.56, 58.17)]


@needs_the_corpus
def test_a_windowed_gaussian_gives_its_stored_scores_and_about_its_published_figures():
    """Stored are five decimals, which a threshold of 0.999999999 cannot be taken from.

    So it is computed anew: every row agrees with the stored one to its last decimal. The published
    threshold was chosen on the whole corpus, ours on these series, so ours may only be better.
    """
    many = nab.load(FOLDER)
    stored = nab.published(FOLDER, "windowedGaussian", many)
    anew = [Scored(one.labels, gaussian(one.values)) for one in many]
    apart = [
        abs(a - b)
        for one, other in zip(anew, stored, strict=True)
        for a, b in zip(one.scores, other.scores, strict=True)
    ]
    assert max(apart) < 2e-5
    for profile, published, most in zip(PROFILES, (41.81, 27.54, 48.16), (1, 3, 1), strict=True):
        outcome = best(anew, profile)
        assert -0.2 <= normalised(outcome.total, outcome.windows, profile) - published <= most


@needs_the_corpus
def test_the_detector_reaches_what_it_should_with_its_own_threshold():
    many = [nab.read(one) for one in nab.load(FOLDER)]
    standard, low_fp, _ = (together([counted(one, p) for one in many], p) for p in PROFILES)
    assert standard >= 60.0
    assert low_fp >= 52.0


def gaussian(values, window=6400, step=100):
    """Two-sided tail of a normal fitted to the last 6400 figures, moved on by a hundred."""
    scores, last, fresh = [], [], []
    mean, deviation, near = 0.0, 1e-6, values[0]
    total = square = 0.0
    for value in values:
        scores.append(1 - 0.5 * math.erfc(abs(value - mean) / deviation / 1.4142) if last else 0.0)
        if len(last) < window:
            last.append(value)
            total, square = total + value - near, square + (value - near) ** 2
        else:
            fresh.append(value)
            if len(fresh) < step:
                continue
            last, fresh = last[step:] + fresh, []
            total = math.fsum(each - near for each in last)
            square = math.fsum((each - near) ** 2 for each in last)
        mean = total / len(last)
        deviation = math.sqrt(max(0.0, square / len(last) - mean * mean)) or 1e-6
        mean += near
    return scores
