"""Severity: the whole matrix of the framework, the floors, and what counts while nobody knows."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases import severity
from cases.severity import compute

# As the framework prints it: a block for each urgency, a line for each impact, S1 to S4.
FRAMEWORK = """
    U3  I4  1 1 1 1
        I3  2 2 1 1
        I2  3 3 2 2
        I1  4 4 3 3
    U2  I4  2 1 1 1
        I3  3 2 2 1
        I2  4 3 3 2
        I1  4 4 4 3
    U1  I4  2 2 2 1
        I3  3 3 2 2
        I2  4 4 3 3
        I1  4 4 4 4
"""
FLOORS = {
    "erroneous_orders": 1,
    "downtime_2h": 1,
    "production_access": 2,
    "down_30_min": 2,
    "ten_percent": 2,
    "personal_data": 3,
}
IMPACT, SCOPE, URGENCY = st.integers(1, 4), st.integers(1, 4), st.integers(1, 3)
SOME_FLOORS = st.sets(st.sampled_from(sorted(FLOORS)))


def _table() -> dict[tuple[int, int, int], int]:
    """(impact, scope, urgency) → severity, read from the text above."""
    found, urgency = {}, 0
    for line in FRAMEWORK.split("\n"):
        words = line.split()
        if words and words[0].startswith("U"):
            urgency = int(words.pop(0)[1:])
        if words:
            impact = int(words.pop(0)[1:])
            found |= {(impact, scope, urgency): int(w) for scope, w in enumerate(words, start=1)}
    return found


TABLE = _table()


def test_every_cell_of_the_matrix_is_as_the_framework_says():
    assert len(TABLE) == 48
    cells = product(range(1, 5), range(1, 5), range(1, 4))
    assert {cell: compute(*cell).severity for cell in cells} == TABLE


@pytest.mark.parametrize(("key", "value"), FLOORS.items())
def test_a_floor_holds_in_every_cell_and_makes_nothing_milder(key, value):
    assert {cell: compute(*cell, [key]).severity for cell in TABLE} == {
        cell: min(severity, value) for cell, severity in TABLE.items()
    }


def test_there_are_these_floors_and_no_others():
    assert {key: floor.severity for key, floor in severity.FLOORS.items()} == FLOORS
    assert [key for key, _ in severity.FLOOR_CHOICES] == list(severity.FLOORS)


def test_of_several_floors_the_worst_one_holds():
    found = compute(1, 1, 1, ["personal_data", "production_access"])
    assert (found.severity, found.floor.key) == (2, "production_access")
    assert found.why == (
        "I1 × S1 × U1, raised to the floor: unauthorised access to production is confirmed"
    )


def test_a_floor_that_changes_nothing_is_remembered_and_not_given_as_the_reason():
    found = compute(4, 4, 3, ["personal_data"])
    assert (found.severity, found.floor.key) == (1, "personal_data")
    assert found.why == "I4 × S4 × U3"


def test_a_floor_that_nobody_knows_changes_nothing():
    assert compute(1, 1, 1, ["bad weather"]) == compute(1, 1, 1)


@given(
    impact=st.none() | IMPACT,
    scope=st.none() | SCOPE,
    urgency=st.none() | URGENCY,
    floors=SOME_FLOORS,
)
def test_an_axis_that_nobody_answered_counts_as_the_value_assumed_for_it(
    impact, scope, urgency, floors
):
    found = compute(impact, scope, urgency, floors)
    assert found.severity == compute(impact or 3, scope or 3, urgency or 3, floors).severity
    assert found.why.count("(assumed)") == [impact, scope, urgency].count(None)


def test_what_is_assumed_is_said():
    assert compute(None, 2, None).why == "I3 (assumed) × S2 × U3 (assumed)"
    assert compute(None, None, None).severity == 1


@given(IMPACT, SCOPE, URGENCY, SOME_FLOORS, st.sampled_from(["impact", "scope", "urgency"]))
def test_a_worse_axis_never_gives_a_milder_severity(impact, scope, urgency, floors, worse):
    axes = {"impact": impact, "scope": scope, "urgency": urgency}
    top = {"impact": 4, "scope": 4, "urgency": 3}
    raised = axes | {worse: min(axes[worse] + 1, top[worse])}
    assert compute(**raised, floors=floors).severity <= compute(**axes, floors=floors).severity


@given(IMPACT, SCOPE, URGENCY, SOME_FLOORS, SOME_FLOORS)
def test_one_more_floor_never_gives_a_milder_severity(impact, scope, urgency, floors, more):
    before = compute(impact, scope, urgency, floors).severity
    assert compute(impact, scope, urgency, floors | more).severity <= before


@given(st.none() | IMPACT, st.none() | SCOPE, st.none() | URGENCY, SOME_FLOORS)
def test_a_severity_is_one_of_four(impact, scope, urgency, floors):
    assert compute(impact, scope, urgency, floors).severity in (1, 2, 3, 4)


def test_each_axis_is_explained_from_its_worst_value_down():
    for choices, letter in (
        (severity.IMPACTS, "I"),
        (severity.SCOPES, "S"),
        (severity.URGENCIES, "U"),
    ):
        values = [value for value, _ in choices]
        assert values == sorted(values, reverse=True)
        assert [words[:2] for _, words in choices] == [f"{letter}{value}" for value in values]
