"""Statements that are planned once a connection: for the few that run so often that planning them
would cost more than running them.

They need what the desk needs anyway: a connection that stays the same, so a pooler in front of
PostgreSQL has to work in session mode.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

from django.db import connection

# By connection to the server; a new connection knows none. A thread only sees its own.
_known: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()


class Prepared:
    """`sql` with `%(parameter)s` in it, and the type of each parameter."""

    def __init__(self, name: str, sql: str, **types: str) -> None:
        self._name = f"desk_{name}"
        self._parameters = list(types)
        numbers = {key: f"${number}" for number, key in enumerate(types, start=1)}
        self._prepare = (
            # One plan for all values: these are looked up by their index whatever they are.
            "SET plan_cache_mode = force_generic_plan;"
            f" PREPARE {self._name} ({', '.join(types.values())}) AS {sql % numbers}"
        )
        places = ", ".join(f"%({key})s::{kind}" for key, kind in types.items())
        self._execute = f"EXECUTE {self._name} ({places})"

    def rows(self, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Run it; the rows that it answers."""
        with connection.cursor() as cursor:
            known = _known.setdefault(connection.connection, set())
            if self._name not in known:
                with connection.wrap_database_errors, connection.connection.cursor() as plain:
                    plain.execute(self._prepare)
                known.add(self._name)
            cursor.execute(self._execute, values)
            return cursor.fetchall()

    def rows_at_once(self, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """The same without asking first whether the connection still lives.

        For a caller that closes what broke and says it again.
        """
        connection.health_check_done = True
        return self.rows(values)
