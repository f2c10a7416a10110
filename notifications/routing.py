"""Which path an escalation takes: of the active paths whose every condition fits, the first.

A condition that names nothing fits anything. Working hours go by the clock of the path's own zone.
Facts are plain strings: names of systems and codes of partners as the caller writes them.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import connection

from incidentdesk.kernel.prepared import Prepared
from notifications.models import EscalationPath

# As a part of a statement: no row, or the one path with the minutes of its first step.
MATCH = """
    SELECT p.id, (
        SELECT min(after_minutes) FROM notifications_escalationstep WHERE path_id = p.id
    ) AS first_after
    FROM notifications_escalationpath AS p,
        LATERAL (SELECT %(at)s AT TIME ZONE p.zone AS local) AS clock
    WHERE p.is_active AND %(severity)s = ANY (p.severities)
        AND (p.categories = '{}' OR %(category)s = ANY (p.categories))
        AND (p.systems = '{}' OR p.systems::text[] && %(systems)s)
        AND (p.partners = '{}' OR p.partners::text[] && %(partners)s)
        AND (p.hours = '' OR (p.hours = 'working') = (
            extract(isodow FROM local) = ANY (p.days)
            AND local::time >= p.opens AND local::time < p.closes
        ))
    ORDER BY p.position, p.id LIMIT 1
"""
TYPES = {
    "at": "timestamptz",
    "severity": "smallint",
    "category": "text",
    "systems": "text[]",
    "partners": "text[]",
}
_PATH = Prepared("escalation_path", MATCH, **TYPES)


def path_for(
    *,
    severity: int,
    category: str,
    systems: Collection[str] = (),
    partners: Collection[str] = (),
    at: datetime,
) -> EscalationPath | None:
    """The one path that would be taken for these facts at this moment. None: administrators."""
    values = {
        "at": at,
        "severity": severity,
        "category": category,
        "systems": list(systems),
        "partners": list(partners),
    }
    rows = _PATH.rows(values)
    return EscalationPath.objects.get(pk=rows[0][0]) if rows else None


def knows(zone: str) -> bool:
    """Whether the database, which reads the clock of a path, knows this time zone as well."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_timezone_names WHERE name = %s)", [zone])
        return bool(cursor.fetchone()[0])
