"""Rows written by SQL as the tables' owner: only benchmarks do this.

Columns that are not named here get an empty value of their type, so that a new column of the desk
does not stop the benchmark.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

# What a type holds when it holds nothing.
_EMPTY = {
    "ARRAY": "'{}'",
    "boolean": "false",
    "jsonb": "'{}'",
    "timestamp with time zone": "now()",
    "character varying": "''",
    "text": "''",
}


@dataclass(frozen=True)
class Rows:
    """Rows of one table: what its columns hold, in SQL over `source`."""

    table: str
    values: dict[str, str]
    source: str


def person(cursor: Any, email: str, password: str) -> int:
    """Somebody who may log in; answers the id."""
    values = {"email": "%(email)s", "name": "'Bench'", "password": "%(password)s"}
    values |= {"is_active": "true"}
    insert(cursor, Rows("kernel_user", values, ""), {"email": email, "password": password})
    cursor.execute("SELECT id FROM kernel_user WHERE email = %s", [email])
    return int(cursor.fetchone()[0])


def grant(cursor: Any, partner_id: int, user_id: int) -> None:
    """This person acts for the partner."""
    rows = Rows(
        "partners_partneruserobjectpermission",
        {"content_object_id": "%(partner)s", "user_id": "%(user)s", "permission_id": "id"},
        "auth_permission WHERE codename = 'act'",
    )
    insert(cursor, rows, {"partner": partner_id, "user": user_id})


def insert(cursor: Any, rows: Rows, values: dict[str, Any]) -> None:
    """Insert them; what is not named and may not be null is empty."""
    cursor.execute(
        "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s"
        " AND table_schema = 'public' AND is_nullable = 'NO' AND column_default IS NULL"
        " AND is_identity = 'NO'",
        [rows.table],
    )
    empty = {name: _EMPTY.get(kind, "0") for name, kind in cursor.fetchall()}
    columns = empty | rows.values
    source = f" FROM {rows.source}" if rows.source else ""
    cursor.execute(
        f"INSERT INTO {rows.table} ({', '.join(map(_quoted, columns))}) "
        f"SELECT {', '.join(columns.values())}{source}",
        values,
    )


def _quoted(name: str) -> str:
    """Some columns bear names that SQL knows."""
    return f'"{name}"'
