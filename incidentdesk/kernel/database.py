"""What migrations need to say about database roles. Used by migrations only.

The owner migrates; the application reads and writes rows but changes no structure; the portal's
role reads what is granted to it column by column, under row-level security.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db.migrations.operations.base import Operation

# Which partner the portal's role works for; unset or empty means none, so nothing is seen.
CURRENT_PARTNER = "(SELECT NULLIF(current_setting('app.partner_id', true), '')::bigint)"


def app_role() -> str:
    """The role as which the desk runs."""
    return str(settings.DATABASES["default"]["USER"])


class Statement(Operation):
    """SQL with {app} and {portal} standing for the two roles, and its way back.

    Unlike RunPython it asks for no models, whose rendering is most of what a migration costs.
    """

    reduces_to_sql = True
    reversible = True

    def __init__(self, forwards: str, backwards: str) -> None:
        self.forwards, self.backwards = forwards, backwards

    def state_forwards(self, app_label: str, state: Any) -> None:
        """The models stay as they are."""

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        """Run it."""
        self._run(self.forwards, schema_editor)

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        """Take it back."""
        self._run(self.backwards, schema_editor)

    def describe(self) -> str:
        """For the log of a migration."""
        return "Run a statement for the database's roles"

    def _run(self, text: str, schema_editor: Any) -> None:
        quote = schema_editor.connection.ops.quote_name
        filled = text.replace("{app}", quote(app_role()))
        filled = filled.replace("{portal}", quote(settings.PORTAL_ROLE))
        schema_editor.execute(filled, params=None)


def statement(forwards: str, backwards: str) -> Statement:
    """SQL with {app} and {portal} standing for the two roles, and its way back."""
    return Statement(forwards, backwards)


def append_only(table: str) -> Statement:
    """The application may add rows to `table` and read them, nothing else."""
    return statement(
        f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {{app}}",
        f"GRANT UPDATE, DELETE ON {table} TO {{app}}",
    )


def portal_reads(table: str, columns: Sequence[str], *, also: str = "true") -> Statement:
    """The portal's role reads `columns` of the rows of `table` that belong to its one partner."""
    return statement(
        f"""
        ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
        CREATE POLICY application ON {table} TO {{app}} USING (true) WITH CHECK (true);
        CREATE POLICY own_partner ON {table} FOR SELECT TO {{portal}}
            USING (partner_id = {CURRENT_PARTNER} AND {also});
        GRANT SELECT ({", ".join(columns)}) ON {table} TO {{portal}};
        """,
        f"""
        REVOKE ALL ON {table} FROM {{portal}};
        DROP POLICY own_partner ON {table};
        DROP POLICY application ON {table};
        ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;
        """,
    )


ROLES = statement(
    """
    DO $$ BEGIN
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{portal}') THEN
            CREATE ROLE {portal} NOLOGIN;
        END IF;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
    DO $$ BEGIN
        IF NOT pg_has_role('{app}', '{portal}', 'MEMBER') THEN
            GRANT {portal} TO {app};
        END IF;
    END $$;
    GRANT USAGE ON SCHEMA public TO {app}, {portal};
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {app};
    GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {app};
    ALTER DEFAULT PRIVILEGES IN SCHEMA public
        GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {app};
    ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {app};
    """.replace("'{portal}'", "trim(both '\"' from '{portal}')").replace(
        "'{app}'", "trim(both '\"' from '{app}')"
    ),
    """
    ALTER DEFAULT PRIVILEGES IN SCHEMA public
        REVOKE SELECT, INSERT, UPDATE, DELETE ON TABLES FROM {app};
    ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE USAGE, SELECT ON SEQUENCES FROM {app};
    REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {app};
    REVOKE USAGE ON SCHEMA public FROM {app}, {portal};
    """,
)
