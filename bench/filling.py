"""100,000 incidents of 200 partners, written by SQL as the tables' owner: only benchmarks do this.

Columns that are not named here get an empty value of their type, so that a new column of the desk
does not stop the benchmark.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

INCIDENTS, PARTNERS, OF_OURS, STILL_OPEN = 100_000, 200, 20_000, 12

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


_OLD = "(SELECT *, substr(reference, 5)::int AS number FROM cases_incident"
_OLD += " WHERE reference LIKE 'OLD-%%') AS i"

PARTNER_ROWS = Rows(
    "partners_partner",
    {"name": "'Partner ' || n", "code": "'B' || lpad(n::text, 3, '0')", "is_active": "true"},
    f"generate_series(1, {PARTNERS}) AS n",
)
INCIDENT_ROWS = Rows(
    "cases_incident",
    {
        "reference": "'OLD-' || n",
        "title": "'Incident ' || n",
        "opened_at": f"now() - interval '1 minute' * ({INCIDENTS} - n + 500)",
        "detected_at": f"now() - interval '1 minute' * ({INCIDENTS} - n + 500)",
        "severity": "1 + n %% 4",
        "phase": "'closed'",
        "tlp": "'AMBER'",
        "detection": "'alert'",
    },
    f"generate_series(1, {INCIDENTS}) AS n",
)
# Ours is the first partner; the others share the rest. The newest of each are open.
INVOLVEMENT_ROWS = Rows(
    "cases_involvement",
    {
        "incident_id": "i.id",
        "partner_id": "p.id",
        "reference": "p.code || '-2026-' || lpad(i.number::text, 6, '0')",
        "title": "i.title",
        "meaning": "'Quotes are late for some of your accounts.'",
        "severity": "i.severity",
        "started_at": "i.opened_at",
        "phase": f"CASE WHEN i.number > {INCIDENTS} - 5 * {STILL_OPEN} THEN 'containment'"
        " ELSE 'closed' END",
        "phase_times": "jsonb_build_object('identification', i.opened_at, 'closed', i.opened_at)",
        "added_at": "i.opened_at",
        "disclosed_at": "i.opened_at",
    },
    f"{_OLD} JOIN partners_partner AS p ON p.code = 'B' || lpad(CASE WHEN i.number %% 5 = 0"
    f" THEN '1' ELSE (2 + i.number %% {PARTNERS - 1})::text END, 3, '0')",
)
NOTICE_ROWS = Rows(
    "cases_notice",
    {
        "incident_id": "i.id",
        "kind": "'first'",
        "body": "'Quotes are late.'",
        "tlp": "'AMBER'",
        "state": "'sent'",
        "drafted_at": "i.opened_at",
        "drafted_by_id": "%(user)s",
        "approved_at": "i.opened_at",
        "approved_by_id": "%(second)s",
        "sent_at": "i.opened_at",
        "sent_by_id": "%(user)s",
    },
    _OLD,
)
COPY_ROWS = Rows(
    "cases_noticecopy",
    {
        "notice_id": "n.id",
        "involvement_id": "v.id",
        "partner_id": "v.partner_id",
        "kind": "n.kind",
        "body": "n.body",
        "tlp": "n.tlp",
        "sent_at": "n.sent_at",
        "acknowledged_at": "CASE WHEN v.phase = 'closed' THEN n.sent_at END",
        "acknowledged_by": "CASE WHEN v.phase = 'closed' THEN 'somebody' ELSE '' END",
    },
    "cases_notice AS n JOIN cases_involvement AS v USING (incident_id)",
)


def fill(cursor: Any, *, email: str, password: str) -> int:
    """Partners, incidents, involvements, notices; answers the partner that `email` works for."""
    people = ("first@desk.example", "second@desk.example", email)
    ids = [person(cursor, address, password) for address in people]
    values = {"user": ids[0], "second": ids[1]}
    insert(cursor, PARTNER_ROWS, values)
    # Old incidents are closed from the start; what guards the order of phases steps aside.
    cursor.execute("ALTER TABLE cases_incident DISABLE TRIGGER USER")
    insert(cursor, INCIDENT_ROWS, values)
    cursor.execute("ALTER TABLE cases_incident ENABLE TRIGGER USER")
    for rows in (INVOLVEMENT_ROWS, NOTICE_ROWS):
        insert(cursor, rows, values)
    # Their notices are approved from the start, which no longer takes an audience.
    cursor.execute("ALTER TABLE cases_noticecopy DISABLE TRIGGER USER")
    insert(cursor, COPY_ROWS, values)
    cursor.execute("ALTER TABLE cases_noticecopy ENABLE TRIGGER USER")
    cursor.execute("SELECT id FROM partners_partner WHERE code = 'B001'")
    partner_id = int(cursor.fetchone()[0])
    _grant(cursor, partner_id, ids[2])
    cursor.execute("SELECT count(*) FROM cases_involvement WHERE partner_id = %s", [partner_id])
    if cursor.fetchone()[0] != OF_OURS:
        raise RuntimeError("The benchmark's rows are not what they should be; mend bench.")
    cursor.execute("VACUUM ANALYZE")
    return partner_id


def person(cursor: Any, email: str, password: str) -> int:
    """Somebody who may log in; answers the id."""
    values = {"email": "%(email)s", "name": "'Bench'", "password": "%(password)s"}
    values |= {"is_active": "true"}
    insert(cursor, Rows("kernel_user", values, ""), {"email": email, "password": password})
    cursor.execute("SELECT id FROM kernel_user WHERE email = %s", [email])
    return int(cursor.fetchone()[0])


def _grant(cursor: Any, partner_id: int, user_id: int) -> None:
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
        f"INSERT INTO {rows.table} ({', '.join(columns)}) "
        f"SELECT {', '.join(columns.values())}{source}",
        values,
    )
