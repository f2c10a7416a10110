"""Severity: what the rules say of every answer, whatever grid and floors are handed in."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from cases.severity import CELLS, Floor, Grid, cell, compute, differences

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
IMPACT, SCOPE, URGENCY = st.integers(1, 4), st.integers(1, 4), st.integers(1, 3)
FLOORS = [Floor(f"floor_{n}", f"Fact {n}", n) for n in (1, 2, 3, 4)]
SOME_FLOORS = st.lists(st.sampled_from(FLOORS), unique=True, max_size=3)


@st.composite
def grids(draw) -> Grid:
    """Any monotone grid: each cell at most as mild as its three milder neighbours."""
    found: dict[tuple[int, int, int], int] = {}
    for i, s, u in product(range(1, 5), range(1, 5), range(1, 4)):
        milder = [(i - 1, s, u), (i, s - 1, u), (i, s, u - 1)]
        mildest = min((found[place] for place in milder if place in found), default=4)
        found[i, s, u] = draw(st.integers(1, mildest))
    return Grid(tuple(found[place] for place in CELLS))


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


TABLE = _table()
SHIPPED = Grid(tuple(TABLE[place] for place in CELLS))


def test_every_cell_is_found_where_the_grid_holds_it():
    assert len(TABLE) == len(set(CELLS)) == 48
    assert {place: compute(SHIPPED, *place).severity for place in TABLE} == TABLE


def test_a_floor_holds_in_every_cell_and_makes_nothing_milder():
    for floor in FLOORS:
        found = {place: compute(SHIPPED, *place, [floor]).severity for place in TABLE}
        assert found == {place: min(value, floor.severity) for place, value in TABLE.items()}


def test_of_several_floors_the_worst_one_holds_and_is_named():
    data = Floor("personal_data", "A breach of personal data is suspected", 3)
    access = Floor("production_access", "Unauthorised access to production is confirmed", 2)
    found = compute(SHIPPED, 1, 1, 1, [data, access])
    assert (found.severity, found.floor) == (2, access)
    assert found.why == (
        "I1 × S1 × U1, raised to the floor: unauthorised access to production is confirmed"
    )


def test_a_floor_that_changes_nothing_is_remembered_and_not_given_as_the_reason():
    found = compute(SHIPPED, 4, 4, 3, [FLOORS[2]])
    assert (found.severity, found.floor, found.why) == (1, FLOORS[2], "I4 × S4 × U3")


def test_a_floor_within_a_sentence_keeps_the_capitals_of_an_abbreviation():
    said = {Floor("x", words, 2).inline for words in ("Over 10 %", "A breach", "GDPR applies")}
    assert said == {"over 10 %", "a breach", "GDPR applies"}


@given(
    grid=grids(),
    impact=st.none() | IMPACT,
    scope=st.none() | SCOPE,
    urgency=st.none() | URGENCY,
    floors=SOME_FLOORS,
)
def test_an_axis_that_nobody_answered_counts_as_the_next_higher_value_and_is_said(
    grid, impact, scope, urgency, floors
):
    found = compute(grid, impact, scope, urgency, floors)
    assert found.severity == compute(grid, impact or 3, scope or 3, urgency or 3, floors).severity
    assert found.why.count("(assumed)") == [impact, scope, urgency].count(None)


def test_what_is_assumed_is_said():
    assert compute(SHIPPED, None, 2, None).why == "I3 (assumed) × S2 × U3 (assumed)"
    assert compute(SHIPPED, None, None, None).severity == 1


@given(
    grids(), IMPACT, SCOPE, URGENCY, SOME_FLOORS, st.sampled_from(["impact", "scope", "urgency"])
)
def test_with_any_monotone_grid_a_worse_answer_never_gives_a_milder_severity(
    grid, impact, scope, urgency, floors, worse
):
    axes = {"impact": impact, "scope": scope, "urgency": urgency}
    top = {"impact": 4, "scope": 4, "urgency": 3}
    raised = axes | {worse: min(axes[worse] + 1, top[worse])}
    after = compute(grid, **raised, floors=floors).severity
    assert after <= compute(grid, **axes, floors=floors).severity


@given(grids(), IMPACT, SCOPE, URGENCY, SOME_FLOORS, SOME_FLOORS)
def test_one_more_floor_never_gives_a_milder_severity(grid, impact, scope, urgency, floors, more):
    before = compute(grid, impact, scope, urgency, floors).severity
    assert compute(grid, impact, scope, urgency, [*floors, *more]).severity <= before


@given(grids(), st.none() | IMPACT, st.none() | SCOPE, st.none() | URGENCY, SOME_FLOORS)
def test_a_severity_is_one_of_four(grid, impact, scope, urgency, floors):
    assert compute(grid, impact, scope, urgency, floors).severity in (1, 2, 3, 4)


# --- what a sound grid is -------------------------------------------------------------------------


@given(grids())
def test_a_monotone_grid_has_no_breaks(grid):
    assert list(grid.breaks()) == []


@given(st.lists(st.integers(1, 4), min_size=48, max_size=48))
def test_a_grid_without_breaks_is_monotone_between_all_cells_and_not_only_neighbours(cells):
    grid = Grid(tuple(cells))
    sound = all(
        grid.at(*worse) <= grid.at(*milder)
        for worse, milder in product(CELLS, CELLS)
        if all(a >= b for a, b in zip(worse, milder, strict=True))
    )
    assert sound == (list(grid.breaks()) == [])


def test_a_break_names_the_two_cells():
    cells = list(SHIPPED.cells)
    cells[CELLS.index((3, 2, 3))] = 4
    assert list(Grid(tuple(cells)).breaks()) == [
        "I3 × S2 × U3 would be SEV-4, milder than I2 × S2 × U3 with SEV-3",
        "I3 × S2 × U3 would be SEV-4, milder than I3 × S1 × U3 with SEV-2",
        "I3 × S2 × U3 would be SEV-4, milder than I3 × S2 × U2 with SEV-2",
    ]


def test_differences_are_told_cell_by_cell():
    cells = list(SHIPPED.cells)
    cells[CELLS.index((1, 1, 1))] = 3
    assert differences(SHIPPED.cells, cells) == [f"{cell(1, 1, 1)}: SEV-4 → SEV-3"]
    assert differences(cells, cells) == []
