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
    }
