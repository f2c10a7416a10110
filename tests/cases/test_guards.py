"""What the database keeps, whichever door one comes through: raw SQL, bulk updates, the shell."""

from __future__ import annotations

import psycopg2
import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from cases.models import Incident, Move, Phase, System
from cases.models.incident import OVER, STEPS
from tests.conftest import NOW, as_owner

pytestmark = pytest.mark.django_db

# The lifecycle as the framework draws it: one step on, one back, out of it, and in again.
FOLLOWS = {
    "identification": {"containment", "dismissed"},
    "containment": {"mitigation", "identification", "dismissed"},
    "mitigation": {"recovery", "containment", "dismissed"},
    "recovery": {"review", "mitigation"},
    "review": {"closed", "recovery"},
    "closed": {"review"},
    "dismissed": {"identification"},
}
PATHS = {
    "identification": [],
    "containment": ["containment"],
    "mitigation": ["containment", "mitigation"],
    "recovery": ["containment", "mitigation", "recovery"],
    "review": ["containment", "mitigation", "recovery", "review"],
    "closed": ["containment", "mitigation", "recovery", "review", "closed"],
    "dismissed": ["dismissed"],
}


def refused(statement: str, *values: object) -> str:
    """What the database says to this statement; nothing stays of it."""
    with (
        pytest.raises(DatabaseError) as error,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement, values)
    return str(error.value).splitlines()[0]


def force(incident: Incident, phase: str) -> None:
    """A phase set by SQL, as the triggers allow it: step by step, each with its move."""
    for step in PATHS[phase]:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE cases_incident SET phase = %s WHERE id = %s", [step, incident.pk]
            )
        Move.objects.create(incident=incident, at=NOW, to_phase=step, actor="A test")


def _try(incident: Incident, phase: str) -> str:
    """Update in bulk, and take it back: what the database says, or nothing."""
    try:
        with transaction.atomic():
            Incident.objects.filter(pk=incident.pk).update(phase=phase)
            transaction.set_rollback(True)
    except IntegrityError as error:
        return str(error).splitlines()[0]
    return ""


def phase_of(incident: Incident) -> str:
    return Incident.objects.values_list("phase", flat=True).get(pk=incident.pk)


@pytest.mark.asvs("2.3.1", 8)
@pytest.mark.parametrize("origin", FOLLOWS)
def test_no_statement_skips_the_order_of_the_phases(declare, origin):
    incident = declare()
    force(incident, origin)
    answers = {target: _try(incident, target) for target in [*FOLLOWS, "nonsense", ""]}
    assert answers == {
        target: ""
        if target == origin or target in FOLLOWS[origin]
        else f"An incident does not go from {origin} to {target}."
        for target in answers
    }
    assert phase_of(incident) == origin


def test_the_trigger_and_the_lifecycle_s_declarations_agree():
    declared: dict[str, set[str]] = {phase: set() for phase in Phase.values}
    for move in (
        Incident(phase=Phase.IDENTIFICATION)._meta.get_field("phase").get_all_transitions(Incident)
    ):
        targets = getattr(move.target, "allowed_states", None) or [move.target]
        declared[str(move.source)] |= {str(target) for target in targets}
    back = {str(step): str(STEPS[STEPS.index(step) - 1]) for step in STEPS[1:]}
    for source, possible in declared.items():
        if source in back:  # declared as “any earlier phase”; the function takes the one before
            possible -= {str(step) for step in STEPS} - FOLLOWS[source]
        if source in OVER:
            possible &= FOLLOWS[source]
    assert declared == FOLLOWS


@pytest.mark.parametrize("phase", [*FOLLOWS, ""])
def test_an_incident_is_inserted_in_identification_only(declare, phase):
    declare()
    said = refused(
        """
        INSERT INTO cases_incident (title, description, tlp, detection, detected_by, opened_at,
            detected_at, severity, severity_reason, phase, dismissal, cause, floors, commanded_by)
        SELECT 'Forged', '', tlp, detection, 'x', opened_at, detected_at, 3, '', %s, '', '', '{}',
            '{}'
        FROM cases_incident LIMIT 1
        RETURNING 1 / (CASE WHEN phase = 'identification' THEN 0 ELSE 1 END)
        """,
        phase,
    )
    if phase == "identification":
        assert said == "division by zero"  # it went in; the statement was made to fail afterwards
    else:
        assert said == f"An incident begins in identification, not in {phase}."
    assert Incident.objects.count() == 1


def test_django_cannot_insert_elsewhere_either():
    incident = Incident(
        title="Forged", detection="staff", detected_by="x", opened_at=NOW, detected_at=NOW
    )
    incident.__dict__["phase"], incident.severity = "closed", 4
    with pytest.raises(IntegrityError, match="begins in identification"), transaction.atomic():
        incident.save()
    with pytest.raises(IntegrityError, match="begins in identification"), transaction.atomic():
        Incident.objects.bulk_create([incident])
    assert Incident.objects.count() == 0


def test_the_phase_cannot_be_assigned(declare):
    incident = Incident.objects.get(pk=declare().pk)
    with pytest.raises(AttributeError, match="phase"):
        incident.phase = "closed"
    assert incident.phase == "identification"
    incident.refresh_from_db()
    assert incident.phase == "identification"


def test_a_reference_is_given_by_the_database_and_never_changes(declare):
    incident = declare()
    said = "The reference of an incident never changes."
    for reference in ("INC-2026-0002", "", "inc-2026-0001"):
        assert refused("UPDATE cases_incident SET reference = %s", reference) == said
    Incident.objects.update(reference="INC-2026-0001", title="The same one may be written")
    chosen = Incident(
        reference="INC-1999-0001",
        title="x",
        detection="staff",
        detected_by="x",
        opened_at=NOW,
        detected_at=NOW,
        severity=4,
    )
    chosen.save()
    Move.objects.create(incident=chosen, at=NOW, to_phase="identification", actor="A test")
    assert Incident.objects.values_list("reference", flat=True).get(pk=chosen.pk) == "INC-2026-0002"
    assert Incident.objects.get(pk=incident.pk).reference == "INC-2026-0001"


def test_an_incident_is_not_deleted(declare):
    declare()
    assert "violates foreign key constraint" in _commit_refusal("DELETE FROM cases_incident")
    assert Incident.objects.count() == 1


def _commit_refusal(statement: str) -> str:
    """As `refused`, with constraints that are checked at the end checked at once."""
    return refused(f"SET CONSTRAINTS ALL IMMEDIATE; {statement}")


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("severity = 0", "incident_severity"),
        ("severity = 5", "incident_severity"),
        ("severity_override = 1", "incident_override_has_a_reason"),
        ("acknowledged_at = now()", "incident_acknowledged_by_someone"),
        ("dismissal = 'duplicate'", "incident_duplicate_of_something"),
        ("phase = 'dismissed', duplicate_of_id = id", "incident_not_its_own_duplicate"),
        ("duplicate_of_id = id", "incident_"),
    ],
)
def test_what_belongs_together_stays_together(declare, change, constraint):
    declare()
    assert f'"{constraint}' in refused(f"UPDATE cases_incident SET {change}")  # noqa: S608


@pytest.mark.parametrize(
    ("table", "change", "constraint"),
    [
        ("cases_task", "state = 'done'", "task_ended_with_a_note"),
        ("cases_task", "note = 'x', state = 'waived'", "task_ended_with_a_note"),
        (
            "cases_task",
            "needs_second_person = true, confirmed_at = now(), confirmed_by_id = ended_by_id",
            "task_confirmed_by_a_second_person",
        ),
        ("cases_task", "confirmed_at = now()", "task_confirmed_by_a_second_person"),
        (
            "cases_affectedsystem",
            "checked_by_id = changed_by_id",
            "system_checked_by_a_second_person",
        ),
        ("cases_involvement", "severity = 5", "involvement_severity"),
        ("cases_involvement", "reference = ''", "disclosed_with_a_reference"),
        ("cases_noticecopy", "sent_at = NULL", "Cannot update rows from cases_noticecopy"),
        (
            "cases_noticecopy",
            "body = 'other'",
            "What was approved keeps its text and its audience.",
        ),
        ("cases_notice", "approved_by_id = drafted_by_id", "Cannot update rows from cases_notice"),
        ("cases_notice", "approved_at = NULL", "Cannot update rows from cases_notice"),
        ("cases_target", "severity = 9", "target_severity"),
    ],
)
def test_rows_around_an_incident_keep_their_promises(incident_in, walk, table, change, constraint):
    incident_in("mitigation")
    assert constraint in refused(f"UPDATE {table} SET {change}")  # noqa: S608


def test_a_critical_system_that_nobody_checked_is_restored_for_no_statement(incident_in):
    incident_in("mitigation")
    System.objects.update(is_critical=True)
    said = "A critical system is restored once a second person has checked it."
    change = "UPDATE cases_affectedsystem SET state = 'restored'"
    assert refused(f"{change}, checked_by_id = NULL") == said
    System.objects.update(is_critical=False)
    with connection.cursor() as cursor:
        cursor.execute(f"{change}, checked_by_id = NULL")


@pytest.mark.django_db(transaction=True)
def test_not_even_the_owner_s_update_skips_the_order_while_the_guard_stands(declare):
    incident = declare()
    with pytest.raises(psycopg2.errors.CheckViolation), as_owner() as cursor:
        cursor.execute("UPDATE cases_incident SET phase = 'closed'")
    assert phase_of(incident) == "identification"


@pytest.mark.django_db(transaction=True)
def test_a_phase_does_not_change_without_a_move_on_record(declare):
    incident = declare()
    rows = Incident.objects.filter(pk=incident.pk)
    with pytest.raises(IntegrityError) as refused_at_the_end:
        rows.update(phase="containment")
    said = str(refused_at_the_end.value).splitlines()[0]
    assert said == f"The phase of {incident.reference} became containment without a move on record."
    assert rows.get().phase == "identification"
    with transaction.atomic():
        rows.update(phase="containment")
        Move.objects.create(
            incident=incident, at=NOW, from_phase="identification", to_phase="containment"
        )
    assert rows.get().phase == "containment"
