"""Migrations: none is missing, each has a way back, and back and forth ends where it began."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections, migrations
from django.db.migrations.loader import MigrationLoader

OURS = ("kernel", "partners", "notifications", "cases", "reviews")

SHAPE = {
    "columns": """SELECT table_name, column_name, data_type, is_nullable, column_default
        FROM information_schema.columns WHERE table_schema = 'public'""",
    "constraints": """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace""",
    "indexes": "SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "triggers": """SELECT tgrelid::regclass::text, tgname, tgenabled, pg_get_triggerdef(oid)
        FROM pg_trigger WHERE NOT tgisinternal""",
    "functions": """SELECT proname, prosecdef, md5(prosrc) FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace""",
    "policies": "SELECT tablename, policyname, roles::text, cmd, qual, with_check FROM pg_policies",
    "rights": """SELECT grantee, table_name, privilege_type FROM information_schema.table_privileges
        WHERE table_schema = 'public'""",
    "rights on columns": """SELECT grantee, table_name, column_name, privilege_type
        FROM information_schema.column_privileges WHERE table_schema = 'public'""",
}
SHIPPED = {
    "categories": "SELECT key, name, description, position FROM cases_category",
    "playbook": """SELECT c.key, p.phase, p.position, p.text, p.needs_evidence,
        p.needs_second_person, p.is_partner_facing
        FROM cases_playbooktask p JOIN cases_playbook b ON b.id = p.playbook_id
        JOIN cases_category c ON c.id = b.category_id""",
    "targets": "SELECT severity, kind, anchor, amount, counting FROM cases_target",
    "matrix": "SELECT cells, reason FROM cases_severitymatrix",
    "levels": "SELECT axis, value, name, definition FROM cases_axislevel",
    "floors": "SELECT key, words, severity, after_minutes, source FROM cases_severityfloor",
}


@pytest.fixture
def scratch(django_db_setup: None, django_db_blocker: Any) -> Iterator[str]:
    """The alias of a copy of the test database, as its owner."""
    owner = connections.databases["owner"]
    name = f"{owner['NAME']}_scratch"
    with django_db_blocker.unblock():
        connections.close_all()
        with connections["owner"]._nodb_cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')
            cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{owner["NAME"]}"')
        connections.databases["scratch"] = {**owner, "NAME": name}
        yield "scratch"
        connections["scratch"].close()
        del connections["scratch"], connections.databases["scratch"]
        with connections["owner"]._nodb_cursor() as cursor:
            cursor.execute(f'DROP DATABASE "{name}"')


def _read(alias: str, questions: dict[str, str]) -> dict[str, list[tuple[Any, ...]]]:
    answers = {}
    with connections[alias].cursor() as cursor:
        for what, question in questions.items():
            cursor.execute(question)
            answers[what] = sorted(cursor.fetchall(), key=str)
    return answers


def _operations() -> Iterator[tuple[str, migrations.operations.base.Operation]]:
    for (app, name), migration in MigrationLoader(None).disk_migrations.items():
        if app in OURS:
            for operation in migration.operations:
                yield f"{app}.{name}", operation


@pytest.mark.django_db
def test_no_migration_is_missing(capsys):
    call_command("makemigrations", check=True, dry_run=True)
    assert "No changes detected" in capsys.readouterr().out


def test_every_step_of_every_migration_has_a_way_back():
    assert {name for name, operation in _operations() if not operation.reversible} == set()
    assert {name.split(".")[0] for name, _ in _operations()} == set(OURS)


def test_cases_and_reviews_go_back_to_nothing_and_forth_again(scratch):
    before, shipped = _read(scratch, SHAPE), _read(scratch, SHIPPED)
    for app in ("reviews", "cases"):
        call_command("migrate", app, "zero", database=scratch, verbosity=0)
    gone = _read(scratch, SHAPE)
    left = {row[0] for what in ("columns", "triggers", "policies", "rights") for row in gone[what]}
    assert {name for name in left if name.startswith(("cases_", "reviews_"))} == set()
    assert {row[0] for row in gone["functions"] if row[0].startswith("cases_")} == set()
    call_command("migrate", database=scratch, verbosity=0)
    assert _read(scratch, SHAPE) == before
    assert _read(scratch, SHIPPED) == shipped
    assert {what: len(rows) for what, rows in shipped.items()} == {
        "categories": 5,
        "playbook": 110,
        "targets": 21,
        "matrix": 1,
        "levels": 11,
        "floors": 6,
    }


INCIDENT = """INSERT INTO cases_incident (title, description, tlp, detection, detected_by,
    opened_at, detected_at, severity, severity_reason, phase, dismissal, cause, floors,
    commanded_by, category_id)
    VALUES ('Old', '', 'AMBER', 'staff', 'x', now(), now(), 3, '', 'identification', '', '', '{}',
        '{}', (SELECT id FROM cases_category WHERE key = 'outage')) RETURNING id"""
TASKS = """INSERT INTO cases_task (incident_id, phase, position, text, needs_evidence,
    needs_second_person, is_partner_facing, state, note)
    SELECT {incident}, phase, position, text, needs_evidence, needs_second_person,
        is_partner_facing, 'open', ''
    FROM cases_playbooktask WHERE {mine}"""
OUTAGE = "(SELECT id FROM cases_category WHERE key = 'outage')"
SECOND = f"""
    INSERT INTO cases_playbook (category_id, version, note) VALUES ({OUTAGE}, 2, '');
    INSERT INTO cases_playbooktask (playbook_id, phase, position, text, needs_evidence,
        needs_second_person, is_partner_facing)
        SELECT id, 'recovery', 1, 'Breathe', true, false, false
        FROM cases_playbook WHERE version = 2;
    UPDATE cases_playbook SET published_at = now(), note = 'Shorter.' WHERE version = 2;
    INSERT INTO cases_playbook (category_id, version, note) VALUES ({OUTAGE}, 3, '');
"""  # noqa: S608 -- a constant
KEPT = f"""SELECT playbook.version, playbook.note, count(task.id)
    FROM cases_playbook playbook LEFT JOIN cases_playbooktask task ON task.playbook_id = playbook.id
    WHERE playbook.category_id = {OUTAGE} GROUP BY playbook.id ORDER BY 1"""  # noqa: S608 -- a constant


def _ask(cursor: Any, question: str) -> list[tuple[Any, ...]]:
    cursor.execute(question)
    return list(cursor.fetchall())


def test_playbooks_become_versions_and_go_back_with_their_rows(scratch):
    """An incident keeps the first version; on the way back a category has what is in force."""
    for app, name in (("reviews", "zero"), ("cases", "0012")):
        call_command("migrate", app, name, database=scratch, verbosity=0)
    with connections[scratch].cursor() as cursor:
        (number,) = _ask(cursor, INCIDENT)[0]
        cursor.execute(TASKS.format(incident=number, mine=f"category_id = {OUTAGE}"))
    call_command("migrate", "cases", "0033", database=scratch, verbosity=0)
    with connections[scratch].cursor() as cursor:
        pinned = (
            "SELECT p.version FROM cases_incident i JOIN cases_playbook p ON p.id = playbook_id"
        )
        assert _ask(cursor, KEPT) == [(1, "The first version.", 23)]
        assert _ask(cursor, pinned) == [(1,)]
        cursor.execute(SECOND)
        assert [row[::2] for row in _ask(cursor, KEPT)] == [(1, 23), (2, 1), (3, 0)]
    call_command("migrate", "cases", "0012", database=scratch, verbosity=0)
    with connections[scratch].cursor() as cursor:
        mine = f"SELECT phase, position, text FROM cases_playbooktask WHERE category_id = {OUTAGE}"  # noqa: S608
        assert _ask(cursor, mine) == [("recovery", 1, "Breathe")]
        assert _ask(cursor, "SELECT count(*) FROM cases_playbooktask") == [(110 - 23 + 1,)]
        assert _ask(cursor, "SELECT count(*) FROM cases_task") == [(23,)]
    call_command("migrate", "cases", "0033", database=scratch, verbosity=0)
    with connections[scratch].cursor() as cursor:
        assert _ask(cursor, KEPT) == [(1, "The first version.", 1)]
