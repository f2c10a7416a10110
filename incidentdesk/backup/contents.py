"""What a database holds, for a backup to say and a restore to compare."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader

from incidentdesk.backup import programs


def counts(connection: BaseDatabaseWrapper) -> dict[str, int]:
    """Each table with the number of its rows, counted."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        names = [name for (name,) in cursor.fetchall()]
        found = {}
        for name in names:
            quoted = connection.ops.quote_name(name)
            cursor.execute(f"SELECT count(*) FROM {quoted}")  # noqa: S608 -- the catalogue's names
            found[name] = int(cursor.fetchone()[0])
    return found


def roles() -> dict[str, str]:
    """The database's roles, which rights and policies name."""
    return {
        "owner": str(programs.owner()["USER"]),
        "application": str(settings.DATABASES["default"]["USER"]),
        "portal": settings.PORTAL_ROLE,
    }


def missing_roles(connection: BaseDatabaseWrapper, wanted: dict[str, Any]) -> list[str]:
    """Those of the wanted roles that this server does not have."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolname FROM pg_roles")
        there = {name for (name,) in cursor.fetchall()}
    return sorted(set(wanted.values()) - there)


def migrations() -> list[str]:
    """The last migration of each app, as this version of the desk has them."""
    leaves = MigrationLoader(None).graph.leaf_nodes()
    return sorted(f"{app}.{name}" for app, name in leaves)


def unknown_migrations(wanted: list[str]) -> list[str]:
    """Those that this version does not know: a newer one made them."""
    there = {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations}
    return sorted(set(wanted) - there)
