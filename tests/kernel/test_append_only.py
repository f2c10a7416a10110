"""What is written once: the application's role cannot change or remove it, by any statement."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction

from incidentdesk.kernel import audit, history
from incidentdesk.kernel.access import SYSTEM
from incidentdesk.kernel.models import AuditEvent
from tests.conftest import NOW

pytestmark = pytest.mark.django_db

APPEND_ONLY = {
    "kernel_auditevent",
    "kernel_auditseal",
    "cases_entry",
    "cases_move",
    "cases_statement",
    "cases_waiver",
    "cases_momentchange",
    "cases_severitychange",
    "cases_custodyevent",
    "cases_recoverycheck",
    "cases_reconciliation",
    "cases_severitymatrix",
    "cases_requeststep",
    "cases_partnerevent",
    "partners_delivery",
    "cases_sharedfile",
    "cases_checkpoint",
    "cases_checkpointhead",
    "cases_framework",
    "cases_frameworkreading",
    "cases_factspackage",
    "cases_digest",
    "cases_digestline",
    "cases_anchor",
    "cases_classification",
    "reviews_noproblem",
    "reviews_postponement",
    "notifications_messageevent",
    "notifications_escalationevent",
}
HISTORY = {  # their key is pgh_id; tests/kernel/test_history.py tries each
    history.event_model(model)._meta.db_table
    for model in apps.get_models()
    if history.name_field(model)
}
WRITTEN_BY_TRIGGER = {"cases_timelinehead"}
NOT_USED = {"pghistory_context"}
NEVER_DELETED = {
    "cases_evidence",
    "cases_letter",
    "kernel_finding",
    "cases_procedure",
    "cases_remark",
    "notifications_absence",
    "notifications_contactmethod",
    "notifications_override",
    "notifications_swap",
    "partners_invitation",
    "partners_webhook",
}


def _rights() -> dict[str, set[str]]:
    """Table → what the application's role may do to its rows."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.relname, p.privilege FROM pg_class c,
                unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER'])
                    AS p (privilege)
            WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
              AND has_table_privilege(current_user, c.oid, p.privilege)
            """
        )
        found: dict[str, set[str]] = {}
        for table, privilege in cursor.fetchall():
            found.setdefault(table, set()).add(privilege)
    return found


def _try(statement: str) -> str:
    """What the database says to this statement; nothing stays of it."""
    with (
        pytest.raises(DatabaseError) as refused,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    return str(refused.value).splitlines()[0]


def test_tests_run_as_the_application_which_owns_nothing():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolreplication, rolinherit"
            " FROM pg_roles WHERE rolname = current_user"
        )
        assert cursor.fetchone() == (False,) * 6
        cursor.execute("SELECT count(*) FROM pg_class WHERE relowner = current_user::regrole")
        assert cursor.fetchone() == (0,)
        cursor.execute("SELECT count(*) FROM pg_proc WHERE proowner = current_user::regrole")
        assert cursor.fetchone() == (0,)


def test_the_application_reads_and_writes_rows_and_no_more_than_that():
    rights = _rights()
    every = {"SELECT", "INSERT", "UPDATE", "DELETE"}
    assert {table: r for table, r in rights.items() if r != every} == {
        **{table: {"SELECT", "INSERT"} for table in APPEND_ONLY | HISTORY},
        **{table: {"SELECT"} for table in WRITTEN_BY_TRIGGER | NOT_USED},
        **{table: every - {"DELETE"} for table in NEVER_DELETED},
    }


@pytest.mark.asvs("16.2.1-16.2.5 16.4.1 16.4.2", 38)
@pytest.mark.parametrize("table", sorted(APPEND_ONLY))
@pytest.mark.parametrize(
    "statement", ["UPDATE {} SET id = id", "DELETE FROM {}", "TRUNCATE {}", "TRUNCATE {} CASCADE"]
)
def test_an_append_only_table_refuses(table, statement):
    assert _try(statement.format(table)) == f"permission denied for table {table}"


@pytest.mark.asvs("16.2.1-16.2.5 16.4.1 16.4.2", 38)
@pytest.mark.parametrize("table", sorted(APPEND_ONLY | {"cases_incident", "cases_notice"}))
def test_no_guard_can_be_lifted_by_the_application(table):
    owner = f"must be owner of table {table}"
    assert _try(f"ALTER TABLE {table} DISABLE TRIGGER ALL") == owner
    assert _try(f"DROP TABLE {table}") == owner
    assert _try(f"ALTER TABLE {table} ALTER COLUMN id DROP NOT NULL") == owner
    assert "session_replication_role" in _try("SET session_replication_role = replica")


def test_the_application_changes_no_structure_and_becomes_nobody_else():
    assert _try("CREATE TABLE notes (id int)") == "permission denied for schema public"
    assert "permission denied" in _try("CREATE ROLE mallory")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT r.rolname FROM pg_roles r WHERE r.rolname <> current_user"
            " AND pg_has_role(current_user, r.oid, 'MEMBER')"
        )
        assert cursor.fetchall() == [("partner_portal",)]


@pytest.mark.parametrize("function", ["cases_guard_incident", "cases_chain_entry"])
def test_a_guard_s_function_cannot_be_replaced(function):
    replace = f"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE sql AS ''"
    assert "permission denied" in _try(replace)
    assert _try(f"DROP FUNCTION {function}()") == f"must be owner of function {function}"


def test_a_line_of_the_audit_trail_says_who_did_what_to_what(people):
    by = people.actor("administrator")
    line = audit.record(by=by, at=NOW, action="changed partner", about="partner:7", name="Helix")
    line.refresh_from_db()
    assert (line.at, line.actor, line.user_id) == (NOW, "Administrator", by.user_id)
    assert (line.action, line.about, line.detail) == (
        "changed partner",
        "partner:7",
        {"name": "Helix"},
    )
    assert str(line) == "Administrator: changed partner partner:7"


def test_the_desk_s_own_lines_name_no_person():
    assert audit.record(by=SYSTEM, at=NOW, action="x", about="y").user_id is None


def test_the_audit_trail_outlives_the_person_it_names(people):
    user = people["auditor"]
    audit.record(by=people.actor("auditor"), at=NOW, action="read", about="incident:1")
    user.delete()
    assert list(AuditEvent.objects.values_list("actor", flat=True)) == ["Auditor"]


@pytest.mark.parametrize("change", ["update", "delete"])
def test_django_cannot_change_a_line_either(change):
    audit.record(by=SYSTEM, at=NOW, action="read", about="incident:1")
    lines = AuditEvent.objects.all()
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        lines.update(actor="Nobody") if change == "update" else lines.delete()
    assert AuditEvent.objects.get().actor == "The desk"
