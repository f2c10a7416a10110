"""What migrations need to encrypt a column that held its text in clear. Used by migrations only."""

from __future__ import annotations

from typing import Any

from django.db.migrations.operations.base import Operation

from incidentdesk.kernel import encrypted

BATCH = 500  # rows


class Encrypt(Operation):
    """Encrypt `columns` of `table`, some rows at a time; its way back writes them in clear."""

    reduces_to_sql = False
    reversible = True

    def __init__(self, table: str, *columns: str) -> None:
        self.table, self.columns = table, columns

    def state_forwards(self, app_label: str, state: Any) -> None:
        """The models stay as they are."""

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        """Encrypt."""
        self._each(schema_editor, encrypted.stored)

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        """Decrypt; what no key opens stops it, for nothing could stand in its place."""
        self._each(schema_editor, self._opened)

    def describe(self) -> str:
        """For the log of a migration."""
        return f"Encrypt {', '.join(self.columns)} of {self.table}"

    def _opened(self, stored: str) -> str:
        text = encrypted.meant(stored)
        if isinstance(text, encrypted.Lost):
            raise ValueError(
                f"{self.table} holds what was encrypted with another SECRET_KEY: put that key into "
                "SECRET_KEY_FALLBACKS and start again."
            )
        return text

    def _each(self, schema_editor: Any, change: Any) -> None:
        for column in self.columns:
            after = 0
            while rows := self._rows(schema_editor, column, after):
                with schema_editor.connection.cursor() as cursor:
                    cursor.executemany(
                        f"UPDATE {self.table} SET {column} = %s WHERE id = %s",
                        [(change(text), pk) for pk, text in rows],
                    )
                after = rows[-1][0]

    def _rows(self, schema_editor: Any, column: str, after: int) -> list[tuple[int, str]]:
        with schema_editor.connection.cursor() as cursor:
            cursor.execute(
                f"SELECT id, {column} FROM {self.table} "
                f"WHERE {column} <> '' AND id > %s ORDER BY id LIMIT {BATCH}",
                [after],
            )
            rows: list[tuple[int, str]] = cursor.fetchall()
            return rows
