"""The database: that it answers, what the application may do in it, that its tables are up to date.

All of it is asked as the application, which is how the desk's processes connect.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from incidentdesk.doctor.told import Told, warning, well, wrong

OLDEST = 150_000  # PostgreSQL 15, as it numbers its versions
MIGRATE = "Run `python manage.py migrate --database owner` with DATABASE_OWNER_URL set."
_ROLE = """
    SELECT rolname, rolsuper, rolbypassrls, rolcreaterole OR rolcreatedb, rolinherit,
           EXISTS (SELECT FROM pg_auth_members m JOIN pg_roles p ON p.oid = m.roleid
                   WHERE m.member = r.oid AND p.rolname = %s),
           EXISTS (SELECT FROM pg_class c WHERE c.relowner = r.oid AND c.relkind IN ('r', 'p')
                   AND c.relnamespace = 'public'::regnamespace)
    FROM pg_roles r WHERE rolname = current_user
"""
_OPEN = """
    SELECT DISTINCT tablename FROM pg_policies p
    JOIN pg_class c ON c.oid = format('%%I.%%I', schemaname, tablename)::regclass
    WHERE schemaname = 'public' AND NOT c.relrowsecurity
    UNION
    SELECT a.attrelid::regclass::text FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
      AND a.attname = 'partner_id' AND NOT c.relrowsecurity
      AND has_any_column_privilege(%s, c.oid, 'SELECT')
    ORDER BY 1
"""
_KEPT = (  # may be added to, and nothing else
    *("kernel_auditevent", "kernel_auditseal", "cases_entry", "cases_move"),
    *("cases_checkpoint", "cases_checkpointhead"),
)
_ALTERED = """
    SELECT t FROM unnest(%s) AS t WHERE has_table_privilege(t, 'UPDATE')
       OR has_table_privilege(t, 'DELETE') OR has_table_privilege(t, 'TRUNCATE')
"""


def database() -> Iterator[Told]:
    """It answers, is new enough, and what goes to it over a network is encrypted."""
    [(number, version)] = _asked(
        "SELECT current_setting('server_version_num')::int, current_setting('server_version')"
    )
    if number < OLDEST:
        yield wrong(f"PostgreSQL is {version}.", "The desk needs PostgreSQL 15 or newer.")
    else:
        yield well(f"PostgreSQL {version} answers.")
    host = str(connection.settings_dict.get("HOST") or "")
    is_near = not host or host.startswith("/") or host in ("localhost", "127.0.0.1", "::1")
    [(is_encrypted,)] = _asked("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
    if not is_near and not is_encrypted:
        yield warning(
            f"What goes to the database at {host} is not encrypted.",
            "Add ?sslmode=verify-full&sslrootcert=FILE to DATABASE_URL, unless nobody else is on "
            "that network.",
        )


def rights() -> Iterator[Told]:
    """The application may read and write rows, and pass by none of the walls."""
    portal = settings.PORTAL_ROLE
    [(name, *found)] = _asked(_ROLE, [portal])
    is_super, passes_by, makes_roles, inherits, may_switch, owns = found
    faults = list(_role_faults(name, is_super or passes_by, makes_roles, inherits, owns))
    if not may_switch:
        do = f"As a superuser: GRANT {portal} TO {name};"
        faults.append(wrong(f"{name} may not switch to {portal}, so no partner sees a page.", do))
    if not is_super and _has_tables():
        faults += _walls(portal)
    yield from faults or [well(f"{name} has the rights that it needs, and no more.")]
    if "owner" in settings.DATABASES and settings.EMBEDDED is None:
        yield warning(
            "DATABASE_OWNER_URL is set here; only migrations, backup and restore need it.",
            "Leave it out of the environment of the desk's processes.",
        )


def _role_faults(
    name: str, passes_by: bool, makes_roles: bool, inherits: bool, owns: bool
) -> Iterator[Told]:
    if passes_by:
        do = f"As a superuser: ALTER ROLE {name} NOSUPERUSER NOBYPASSRLS;"
        yield wrong(f"{name} passes by row-level security, the second wall of partners.", do)
    if owns:
        do = "Let another role own them, and run migrations alone: docs/settings.md says how."
        yield wrong(f"{name} owns tables, so row-level security does not hold for it.", do)
    if inherits:
        do = f"As a superuser: ALTER ROLE {name} NOINHERIT;"
        yield wrong(f"{name} inherits the rights of the roles that it may switch to.", do)
    if makes_roles:
        do = f"As a superuser: ALTER ROLE {name} NOCREATEROLE NOCREATEDB;"
        yield warning(f"{name} may make roles or databases, which the desk never does.", do)


def _walls(portal: str) -> Iterator[Told]:
    for (table,) in _asked(_OPEN, [portal]):
        do = f"As the owner: ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;"
        yield wrong(f"Row-level security is off for {table}.", do)
    for (table,) in _asked(_ALTERED, [list(_KEPT)]):
        do = f"As the owner: REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM CURRENT_USER;"
        role = str(connection.settings_dict["USER"])
        yield wrong(
            f"{role} may alter {table}, which is only added to.", do.replace("CURRENT_USER", role)
        )


def migrations() -> Iterator[Told]:
    """The tables are those of this version."""
    executor = MigrationExecutor(connection)
    loader = executor.loader
    waiting = len(executor.migration_plan(loader.graph.leaf_nodes()))
    if waiting:
        yield wrong(f"{waiting} migrations are not applied.", MIGRATE)
    ours = {label for label, _ in loader.disk_migrations}
    newer = [
        m for m in loader.applied_migrations if m[0] in ours and m not in loader.disk_migrations
    ]
    if newer:
        said = (
            f"The tables are of a newer version: {'.'.join(sorted(newer)[-1])} is not known here."
        )
        yield warning(said, "Bring this machine to the version that migrated the database.")
    if not waiting and not newer:
        yield well("All migrations are applied.")


def _has_tables() -> bool:
    [(there,)] = _asked("SELECT to_regclass('public.kernel_auditevent') IS NOT NULL")
    return bool(there)


def _asked(question: str, values: list[Any] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(question, values or None)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def away(error: Exception) -> Told:
    """The database does not answer; its words name no password."""
    why = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
    return wrong(
        f"The database does not answer ({why}).",
        "See that PostgreSQL runs, and that DATABASE_URL names it with role and password.",
    )
