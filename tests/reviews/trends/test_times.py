"""Time to acknowledge, contain, tell, recover, review and detect: right also where data are
missing, wrong or not there yet."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from reviews.trends import asked as period
from reviews.trends import times
from reviews.trends.drawing import draw
from tests.conftest import NOW
from tests.reviews.trends.conftest import figures, meet

pytestmark = pytest.mark.django_db
STATES = tuple(times.STATES)


def test_containment_is_told_by_severity_against_its_target_and_the_period_before(make, chart):
    for after in (30, 60, 200):
        make(contained_at=after, phase="mitigation")
    make(contained_at=90, days_ago=40, phase="mitigation")
    make(contained_at=42, severity=1, phase="mitigation")
    found = chart("contain")
    keys = ("median", "p90", "target", "in_time", "judged", "median_before", "in_time_before")
    assert figures(found, *keys) == {
        "SEV-1": (42 * 60, 42 * 60, "1 h", 1, 1, None, 0),
        "SEV-2": (60 * 60, 172 * 60, "2 h", 2, 3, 90 * 60, 1),
        "SEV-3": (None, None, "1 business day", 0, 0, None, 0),
        "SEV-4": (None, None, None, 0, 0, None, 0),
    }
    assert found.title == (
        "SEV-1 contained in 42 min (median of 1; target 1 h; nothing to compare before)"
    )
    assert chart("contain", severity="2").title == (
        "SEV-2 contained in 1 h (median of 3; target 2 h; was 1 h 30)"
    )


def test_what_is_not_recorded_is_told_apart_and_is_in_no_median(make, chart):
    make(contained_at=30, phase="mitigation")
    make()  # open: it may still come
    make(phase="closed")  # over, and nobody wrote it down
    make(contained_at=-5, phase="mitigation")
    found = chart("contain")
    assert figures(found, *STATES, "median")["SEV-2"] == (1, 1, 1, 0, 1, 30 * 60)
    assert found.of.startswith(
        "1 recorded · 1 pending · 1 over and never recorded · 1 invalid: ends before it begins."
    )


def test_what_was_due_and_is_not_recorded_is_not_in_time(make, chart):
    make(contained_at=30, phase="mitigation")
    make()  # open, and two hours were over long ago
    make(phase="closed")  # over, and nobody wrote it down
    make(days_ago=1 / 24)  # an hour of its two is left
    assert figures(chart("contain"), "in_time", "judged")["SEV-2"] == (1, 3)


def test_a_severity_of_which_all_is_late_and_nothing_recorded_says_so(make, chart):
    make(severity=1)
    said = {line.label: line.said for line in draw(chart("contain")).lines}
    assert said["SEV-1"] == "nothing recorded; 0 of 1 in time"
    assert said["SEV-4"] == "nothing recorded"


def test_partners_are_told_once_all_of_them_are_and_where_none_is_to_be_it_is_no_figure(
    make, chart
):
    told = make(confirmed_at=10)
    meet(told, "first_notice", 50)
    meet(make(confirmed_at=10), "first_notice", 110)  # due 60 minutes after confirmation
    meet(make(confirmed_at=10), "first_notice", None, dropped=True)  # none is affected
    meet(make(confirmed_at=60), "first_notice", 50)  # told before it was confirmed: invalid
    make()  # not confirmed yet
    make(phase="closed")
    make(severity=4, confirmed_at=10)  # nothing is promised
    keys = (*STATES, "median", "in_time", "judged")
    found = figures(chart("tell"), *keys)
    assert found["SEV-2"] == (2, 1, 1, 1, 1, 70 * 60, 1, 2)
    assert found["SEV-4"] == (0, 0, 0, 1, 0, None, 0, 0)


@pytest.mark.parametrize(
    ("key", "known", "phase", "expected"),
    [
        ("acknowledge", {"first_acknowledged_at": 4}, "identification", (240.0, 1, 1)),
        ("recover", {"recovered_at": 300}, "recovery", (18_000.0, 0, 1)),
        ("review", {"recovered_at": 60, "over_at": 1500}, "closed", (86_400.0, 1, 1)),
        ("detect", {"occurred_at": -7}, "identification", (420.0, 0, 0)),
    ],
)
def test_each_measure_has_its_own_ends_and_target(make, chart, key, known, phase, expected):
    make(phase=phase, **known)
    found = figures(chart(key), "median", "in_time", "judged", "recorded")
    assert found["SEV-2"] == (*expected, 1)


def test_what_is_missing_is_pending_while_it_is_open_and_missing_once_it_is_over(make, chart):
    make()
    make(phase="closed")
    found = {key: figures(chart(key), *STATES)["SEV-2"] for key in times.MEASURES}
    assert found == dict.fromkeys(times.MEASURES, (0, 1, 1, 0, 0))


def test_an_end_before_its_beginning_is_invalid_for_every_measure(make, chart):
    make(
        occurred_at=5,
        first_acknowledged_at=-5,
        contained_at=-5,
        recovered_at=-5,
        over_at=-10,
        phase="closed",
    )
    for key in ("detect", "acknowledge", "contain", "recover", "review"):
        assert figures(chart(key), *STATES)["SEV-2"] == (0, 0, 0, 0, 1), key


def test_each_measure_costs_one_query(make, people):
    make(contained_at=30)
    wanted = period.read({"period": "30"}, at=NOW)
    actor, known = people.actor("responder"), times.limits()
    times.chart("contain", wanted, actor, known, at=NOW)
    for key in times.MEASURES:
        with CaptureQueriesContext(connection) as captured:
            times.chart(key, wanted, actor, known, at=NOW)
        assert len(captured) == 1, key
