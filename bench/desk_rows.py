"""Incidents of three years for the lists of desk and portal, as an organisation has them: most are
closed, a few hundred are open; three entries and a notice each, five categories, 1,000 partners (a
fifth of all is one’s) and 300 systems. Number 1 is the newest, so that tables can grow by what is
older.
"""

from __future__ import annotations

from typing import Any

from bench.filling import Rows, grant, insert, person

PARTNERS, SYSTEMS, LATEST, UNREAD = 1_000, 300, 2_000, 30
OPEN = f"(n <= {LATEST} AND n %% 7 = 0)"
AT = "now() - interval '95 seconds' * n"
PHASES = "(ARRAY['identification', 'containment', 'mitigation', 'recovery', 'review'])"
WHAT = (
    "(ARRAY['Stale prices', 'Order rejects', 'Login failures', 'Missing fills', 'Slow settlement'])"
)
WHERE = "(ARRAY['quote gateway', 'matching engine', 'risk check', 'ledger', 'drop copy', 'portal'])"
NUMBERS = "generate_series(%(first)s, %(last)s) AS n"
OURS = (
    "(SELECT *, substr(reference, 5)::int AS n FROM cases_incident WHERE reference LIKE 'OLD-%%')"
    " AS i"
)
IN_STEP = f"{OURS} WHERE n BETWEEN %(first)s AND %(last)s"

REGISTER = (
    Rows(
        "partners_partner",
        {"name": "'Partner ' || n", "code": "'B' || lpad(n::text, 4, '0')", "is_active": "true"},
        f"generate_series(1, {PARTNERS}) AS n",
    ),
    Rows(
        "cases_system",
        {"name": "'system-' || n", "is_active": "true", "kind": "'service'"},
        f"generate_series(1, {SYSTEMS}) AS n",
    ),
)
INCIDENTS = Rows(
    "cases_incident",
    {
        "reference": "'OLD-' || n",
        "title": f"{WHAT}[1 + n %% 5] || ' on the ' || {WHERE}[1 + n %% 6]"
        " || ' of site ' || n %% 97",
        "opened_at": AT,
        "detected_at": AT,
        "over_at": f"CASE WHEN NOT {OPEN} THEN {AT} + interval '5 hours' END",
        "acknowledged_at": AT,
        "first_acknowledged_at": AT,
        "acknowledged_by_id": "%(user)s",
        "severity": "CASE WHEN n %% 100 < 3 THEN 1 WHEN n %% 100 < 15 THEN 2"
        " WHEN n %% 100 < 50 THEN 3 ELSE 4 END",
        "phase": f"CASE WHEN {OPEN} THEN {PHASES}[1 + n %% 5]"
        " WHEN n %% 12 = 0 THEN 'dismissed' ELSE 'closed' END",
        "category_id": "(SELECT min(id) FROM cases_category) + n %% 5",
        "commander_id": "CASE WHEN n %% 40 < 39 THEN %(other)s ELSE %(user)s END",
        "tlp": "'AMBER'",
        "detection": "'alert'",
    },
    NUMBERS,
)
SAID = (
    "'Opened by source prod-eu. SEV-3: impact high, scope several partners, urgency normal.'",
    "'Feed handler restarted on gw-' || n %% 997 || '; replay from sequence ' || n"
    " || CASE WHEN n %% 200 = 3 THEN ' after a failover' ELSE '' END"
    " || CASE WHEN n %% 50000 = 77 THEN ', the leapsecond again' ELSE '' END",
    "'Review approved; the runbook of the ' || " + WHERE + "[1 + n %% 6] || ' is rewritten.'",
)
OF_INCIDENTS = (
    *(
        Rows(
            "cases_entry",
            {
                "incident_id": "id",
                "sequence": str(number),
                "at": "opened_at",
                "kind": "'update'",
                "actor": "'Bench'",
                "body": body,
            },
            IN_STEP,
        )
        for number, body in enumerate(SAID, start=1)
    ),
    Rows(
        "cases_involvement",
        {
            "incident_id": "i.id",
            "partner_id": "p.id",
            "reference": "p.code || '-2026-' || lpad(n::text, 7, '0')",
            "title": "i.title",
            "meaning": "'Quotes are late.'",
            "severity": "i.severity",
            "phase": "i.phase",
            "phase_times": "jsonb_build_object('closed', i.opened_at)",
            "started_at": "i.opened_at",
            "added_at": "i.opened_at",
            "disclosed_at": "i.opened_at",
        },
        f"{OURS} JOIN partners_partner AS p ON p.code = 'B' || lpad(CASE WHEN n %% 5 = 0 THEN '1'"
        f" ELSE (2 + n %% {PARTNERS - 1})::text END, 4, '0')"
        " WHERE n BETWEEN %(first)s AND %(last)s",
    ),
    Rows(
        "cases_notice",
        {
            "incident_id": "id",
            "kind": "'first'",
            "body": "'Quotes are late for some of your accounts.'",
            "tlp": "'AMBER'",
            "state": "'sent'",
            "drafted_at": "opened_at",
            "drafted_by_id": "%(user)s",
            "approved_at": "opened_at",
            "approved_by_id": "%(other)s",
            "sent_at": "opened_at",
            "sent_by_id": "%(user)s",
        },
        IN_STEP,
    ),
    Rows(
        "cases_noticecopy",
        {
            "notice_id": "m.id",
            "involvement_id": "v.id",
            "partner_id": "v.partner_id",
            "kind": "m.kind",
            "body": "m.body",
            "tlp": "m.tlp",
            "sent_at": "m.sent_at",
            "acknowledged_at": f"CASE WHEN n > {UNREAD} THEN m.sent_at END",
            "acknowledged_by": f"CASE WHEN n > {UNREAD} THEN 'somebody' ELSE '' END",
        },
        f"{OURS} JOIN cases_notice AS m ON m.incident_id = i.id"
        " JOIN cases_involvement AS v ON v.incident_id = i.id"
        " WHERE n BETWEEN %(first)s AND %(last)s",
    ),
    Rows(
        "cases_affectedsystem",
        {
            "incident_id": "id",
            "system_id": "(SELECT min(id) + (n * 7) %% count(*) FROM cases_system)",
            "state": "'affected'",
            "changed_at": "opened_at",
        },
        IN_STEP,
    ),
    Rows(
        "cases_deadline",
        {
            "incident_id": "id",
            "kind": "'contain'",
            "anchor_at": "opened_at",
            "due_at": "CASE WHEN n %% 3 = 0 THEN opened_at ELSE now() + interval '1 hour' END",
            "met_at": f"CASE WHEN NOT {OPEN} THEN opened_at END",
        },
        IN_STEP,
    ),
)


def register(cursor: Any, *, email: str, password: str) -> dict[str, int]:
    """The person who looks, a second one, partners and systems."""
    people = {
        "user": person(cursor, email, password),
        "other": person(cursor, "x@desk.example", "!"),
    }
    cursor.execute("UPDATE kernel_user SET roles = '{commander}' WHERE email = %s", [email])
    for rows in REGISTER:
        insert(cursor, rows, {})
    return people


def contact(cursor: Any, code: str, *, email: str, password: str) -> int:
    """Somebody who acts for the partner of this code; answers the partner's id."""
    cursor.execute("SELECT id FROM partners_partner WHERE code = %s", [code])
    partner_id = int(cursor.fetchone()[0])
    grant(cursor, partner_id, person(cursor, email, password))
    return partner_id


def grow(cursor: Any, people: dict[str, int], *, first: int, last: int) -> None:
    """The incidents from number `first` to `last` with all that belongs to them."""
    values = {**people, "first": first, "last": last}
    cursor.execute("SET synchronous_commit = off; SET maintenance_work_mem = '512MB'")
    cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexdef LIKE '%%USING gin (words)'")
    words = [row[0] for row in cursor.fetchall()]  # made anew: faster than row by row
    for made in words:
        cursor.execute(f"DROP INDEX {made.split()[2]}")
    rows_of = (INCIDENTS, *OF_INCIDENTS)
    tables = {rows.table for rows in rows_of}
    for table in tables:  # old ones are not led through their phases, and have no field history
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    for rows in rows_of:
        insert(cursor, rows, values)
    for table in tables:
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
    for made in words:
        cursor.execute(made)
    cursor.execute("VACUUM ANALYZE")
