"""A copy of the test database that a test may migrate, and what a database looks like."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections

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


@contextmanager
def scratch_database(blocker: Any) -> Iterator[str]:
    """The alias of a copy of the test database, as its owner."""
    owner = connections.databases["owner"]
    name = f"{owner['NAME']}_scratch"
    with blocker.unblock():
        connections.close_all()
        with connections["owner"]._nodb_cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')
            cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{owner["NAME"]}"')
        connections.databases["scratch"] = {**owner, "NAME": name}
        try:
            yield "scratch"
        finally:
            connections["scratch"].close()
            del connections["scratch"], connections.databases["scratch"]
            with connections["owner"]._nodb_cursor() as cursor:
                cursor.execute(f'DROP DATABASE "{name}"')


def answers(alias: str, questions: dict[str, str]) -> dict[str, list[tuple[Any, ...]]]:
    """What a database says to each of these questions, sorted."""
    found = {}
    with connections[alias].cursor() as cursor:
        for what, question in questions.items():
            cursor.execute(question)
            found[what] = sorted(cursor.fetchall(), key=str)
    return found
