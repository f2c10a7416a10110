"""Severity rules are rows: what ships, what is in force, and what is refused, kindly and by the
database."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, InternalError, ProgrammingError, connection, transaction
from django.test.utils import CaptureQueriesContext

from cases import evaluation, rules
from cases.models import AxisLevel, Incident, SeverityFloor, SeverityMatrix, SeverityRule, Target
from cases.severity import CELLS, Grid
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotAllowed
from incidentdesk.kernel.models import AuditEvent
from tests.cases.test_severity import TABLE
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)
SHIPPED = [TABLE[place] for place in CELLS]


def but(**changes: int) -> list[int]:
    """The shipped cells with others: `but(i1s1u1=3)`."""
    cells = list(SHIPPED)
    for name, value in changes.items():
        cells[CELLS.index((int(name[1]), int(name[3]), int(name[5])))] = value
    return cells


@pytest.fixture
def change(people):
    def call(cells, *, reason="Quarterly review.", by="administrator", **more) -> SeverityMatrix:
        who = people.actor(by)
        return evaluation.change_matrix(cells=cells, reason=reason, by=who, at=LATER, **more)

    return call


# --- what ships -----------------------------------------------------------------------------------


def test_the_shipped_matrix_is_the_framework_s_cell_by_cell():
    (row,) = SeverityMatrix.objects.all()
    assert dict(zip(CELLS, row.cells, strict=True)) == TABLE
    assert list(Grid(tuple(row.cells)).breaks()) == []


def test_these_floors_ship_and_two_of_them_come_by_time():
    assert set(SeverityFloor.objects.values_list("key", "severity", "after_minutes")) == {
        ("erroneous_orders", 1, None),
        ("downtime_2h", 1, 90),
        ("production_access", 2, None),
        ("down_30_min", 2, 30),
        ("ten_percent", 2, None),
        ("personal_data", 3, None),
    }


def test_every_value_of_every_axis_is_explained_and_every_severity_has_its_soak_time():
    levels = AxisLevel.objects.exclude(definition="").values_list("axis", "value")
    assert set(levels) == {
        *(("impact", n) for n in (1, 2, 3, 4)),
        *(("scope", n) for n in (1, 2, 3, 4)),
        *(("urgency", n) for n in (1, 2, 3)),
    }
    soak = dict(SeverityRule.objects.values_list("severity", "soak_minutes"))
    assert soak == {1: 60, 2: 30, 3: 0, 4: 0}


# --- what is in force -----------------------------------------------------------------------------


def test_matrix_floors_and_targets_are_read_in_one_statement():
    SeverityFloor.objects.filter(key="ten_percent").update(is_active=False)
    with CaptureQueriesContext(connection) as captured:
        found = rules.in_force()
    assert len(captured) == 1
    assert list(found.grid.cells) == SHIPPED
    assert {(f.key, f.severity, f.after_minutes) for f in found.floors.values()} == set(
        SeverityFloor.objects.filter(is_active=True).values_list("key", "severity", "after_minutes")
    )
    named = ("severity", "kind", "anchor", "amount", "counting")
    for severity in (1, 2, 3, 4):
        targets = [tuple(getattr(t, n) for n in named) for t in found.targets(severity)]
        assert targets == list(Target.objects.filter(severity=severity).values_list(*named))


def test_the_newest_matrix_counts_from_the_next_evaluation_on(change, declare):
    before = declare()
    assert before.severity == 3
    change(but(i2s2u2=2, i2s3u2=2, i2s2u3=2))
    assert Incident.objects.get(pk=before.pk).severity == 3
    assert declare().severity == 2


def test_a_floor_that_is_switched_off_no_longer_counts_and_cannot_be_chosen(declare, people):
    SeverityFloor.objects.filter(key="down_30_min").update(is_active=False)
    assert rules.in_force().grade(1, 1, 1, ["down_30_min"]).severity == 4
    category = declare().category_id or 1
    found = evaluation.Evaluation(category, 1, 1, 1, floors=("down_30_min",))
    with pytest.raises(InvalidInput) as refused:
        evaluation.evaluate(
            incident_id=declare().pk, found=found, by=people.actor("commander"), at=LATER
        )
    assert str(refused.value) == ("There is no floor “down_30_min” in force; choose from the list.")


@pytest.mark.parametrize(
    ("axes", "said"),
    [
        ({"impact": 5}, "There is no impact 5; it is 1 to 4."),
        ({"scope": 0}, "There is no scope 0; it is 1 to 4."),
        ({"urgency": 4}, "There is no urgency 4; it is 1 to 3."),
    ],
)
def test_a_value_that_no_axis_has_is_refused_and_the_database_refuses_it_too(axes, said, declare):
    with pytest.raises(InvalidInput) as refused:
        declare(**axes)
    assert str(refused.value) == said
    incident = declare()
    with pytest.raises(IntegrityError, match="incident_axes_in_range"), transaction.atomic():
        Incident.objects.filter(pk=incident.pk).update(**axes)


# --- changing the matrix --------------------------------------------------------------------------


def test_a_change_is_a_new_row_with_its_reason_and_stands_in_the_audit_trail(change, people):
    made = change(but(i1s1u3=3, i1s2u3=3))
    assert SeverityMatrix.objects.first() == made
    assert (made.in_force_at, made.reason) == (LATER, "Quarterly review.")
    assert made.changed_by == people["administrator"]
    assert SeverityMatrix.objects.count() == 2
    event = AuditEvent.objects.get(action="changed severity matrix")
    assert event.about == f"severitymatrix:{made.pk}"
    assert event.detail["changes"] == [
        "I1 × S1 × U3: SEV-4 → SEV-3",
        "I1 × S2 × U3: SEV-4 → SEV-3",
    ]


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (
            but(i3s2u3=3, i3s1u3=3),
            "I3 × S2 × U3 would be SEV-3, milder than I3 × S2 × U2 with SEV-2; "
            "a worse answer cannot be milder.",
        ),
        (
            but(i2s1u3=4),
            "I2 × S1 × U3 would be SEV-4, milder than I1 × S1 × U3",
        ),
        (SHIPPED[:47], "A matrix has 48 cells, each with a severity from 1 to 4."),
        ([*SHIPPED[:47], 5], "A matrix has 48 cells, each with a severity from 1 to 4."),
        (SHIPPED, "Nothing is different; change at least one cell."),
    ],
)
def test_what_cannot_be_a_matrix_is_refused_in_words_and_changes_nothing(cells, said, change):
    if said.startswith("I2"):  # only a break once the milder cell is worse
        cells = but(i2s1u3=4, i1s1u3=3, i1s2u3=3)
        said += " with SEV-3; a worse answer cannot be milder."
    with pytest.raises(InvalidInput) as refused:
        change(cells)
    assert str(refused.value) == said
    assert SeverityMatrix.objects.count() == 1
    assert not AuditEvent.objects.exists()


def test_several_breaks_are_counted(change):
    with pytest.raises(InvalidInput) as refused:
        change(but(i4s1u3=4))
    assert str(refused.value) == (
        "I4 × S1 × U3 would be SEV-4, milder than I3 × S1 × U3 with SEV-2; "
        "a worse answer cannot be milder. 1 more like it."
    )


def test_a_change_needs_a_reason_and_the_right(change):
    with pytest.raises(InvalidInput) as refused:
        change(but(i1s1u3=3, i1s2u3=3), reason=" ")
    assert str(refused.value) == ("Changing the matrix needs a reason; it stays with the change.")
    with pytest.raises(NotAllowed):
        change(but(i1s1u3=3, i1s2u3=3), by="commander")
    assert SeverityMatrix.objects.count() == 1


def test_who_changes_a_matrix_that_somebody_else_changed_meanwhile_is_told(change):
    seen = SeverityMatrix.objects.get().pk
    change(but(i1s1u3=3, i1s2u3=3), seen_id=seen)
    with pytest.raises(Conflict) as refused:
        change(but(i2s1u2=3), seen_id=seen)
    assert "meanwhile" in str(refused.value)
    assert SeverityMatrix.objects.count() == 2


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        (but(i4s1u3=2), None),
        (but(i4s1u3=3), "matrix_is_monotone"),
        (but(i1s1u1=3), "matrix_is_monotone"),
        (but(i2s4u1=4), "matrix_is_monotone"),
        (SHIPPED[:47], "matrix_is_whole"),
        (but(i4s4u3=0), "matrix_holds_severities"),
    ],
)
def test_the_database_refuses_what_is_no_monotone_matrix(cells, why):
    def insert() -> None:
        with transaction.atomic():
            SeverityMatrix.objects.create(cells=cells, in_force_at=NOW, reason="By a shell.")

    if why is None:
        insert()
        return
    with pytest.raises(IntegrityError, match=why):
        insert()


def test_a_matrix_that_was_in_force_is_never_changed():
    with pytest.raises((InternalError, ProgrammingError)), transaction.atomic():
        SeverityMatrix.objects.update(reason="Another.")
    with pytest.raises((InternalError, ProgrammingError)), transaction.atomic():
        SeverityMatrix.objects.all()._raw_delete("default")
