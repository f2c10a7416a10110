"""Statements that are planned once a connection: for the few that run so often that planning them
would cost more than running them.

They need a connection that stays the same. Where a pooler stands in front of PostgreSQL, whatever
its mode, each may run on another one: then the same statements run as they are, planned each time.
"""

from __future__ import annotations

import copy
import hashlib
import re
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from django.db import DEFAULT_DB_ALIAS, connection, connections, models

Row = TypeVar("Row", bound=models.Model)

# By connection to the server; a new connection knows none. A thread only sees its own.
_known: WeakKeyDictionary[Any, set[str]] = WeakKeyDictionary()
_pooled: WeakKeyDictionary[Any, bool] = WeakKeyDictionary()
_PARAMETER = re.compile(r"%\((\w+)\)s")


class Prepared:
    """`sql` with `%(parameter)s` in it, and the type of each parameter."""

    def __init__(self, name: str, sql: str, /, **types: str) -> None:
        self._name = f"desk_{name}"
        self._parameters = list(types)
        numbers = {key: f"${number}" for number, key in enumerate(types, start=1)}
        takes = f"({', '.join(types.values())})" if types else ""
        places = ", ".join(f"%({key})s::{kind}" for key, kind in types.items())
        nulls = ", ".join(f"NULL::{kind}" for kind in types.values())
        self._prepare = (
            # One plan for all values: these are looked up by their index whatever they are. It is
            # made now and by indexes alone, since an empty table would rather be read whole, and
            # keeps being so until somebody has counted the rows of one that has grown.
            "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off;"
            f" PREPARE {self._name} {takes} AS {sql % numbers};"
            f" EXPLAIN EXECUTE {self._name}{f' ({nulls})' if types else ''};"
            " RESET enable_seqscan"
        )
        self._execute = f"EXECUTE {self._name} ({places})" if types else f"EXECUTE {self._name}"
        self._as_it_is = _PARAMETER.sub(lambda found: f"({found[0]}::{types[found[1]]})", sql)

    def rows(self, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Run it; the rows that it answers."""
        with connection.cursor() as cursor:
            cursor.execute(self.planned(), values)
            return list(cursor.fetchall())

    def planned(self) -> str:
        """What runs it on the connection that is open, which knows it from now on."""
        if is_pooled():
            return self._as_it_is
        known = _known.setdefault(connection.connection, set())
        if self._name not in known:
            with connection.wrap_database_errors, connection.connection.cursor() as plain:
                plain.execute(self._prepare)
            known.add(self._name)
        return self._execute

    def rows_at_once(self, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """The same without asking first whether the connection still lives.

        For a caller that closes what broke and says it again.
        """
        raw: Any = connection  # the stubs do not know it
        raw.health_check_done = True
        return self.rows(values)


def is_pooled() -> bool:
    """Whether something between us and PostgreSQL hands out its connections.

    A server says at the start which process it is; a pooler says a number that it made up, since
    it does not know yet which will serve us.
    """
    connection.ensure_connection()
    raw = connection.connection
    if raw not in _pooled:
        with connection.wrap_database_errors, raw.cursor() as plain:
            plain.execute("SELECT pg_backend_pid()")
            _pooled[raw] = plain.fetchone()[0] != raw.info.backend_pid
    return _pooled[raw]


class Asked(Generic[Row]):
    """A queryset whose SQL is made once and planned once a connection.

    `make` answers it for the numbers that it is given by name. They are values and nothing else:
    whatever they are, the SQL is the same. It prefetches nothing.
    """

    def __init__(self, make: Callable[..., models.QuerySet[Row]], *numbers: str) -> None:
        self._stand_ins = {2**62 + place: name for place, name in enumerate(numbers)}
        self._rows = make(**{name: number for number, name in self._stand_ins.items()})
        self._compiler: Any = self._rows.query.get_compiler(DEFAULT_DB_ALIAS)
        sql, values = self._compiler.as_sql()
        text = sql % tuple(self._place(value) for value in values)
        name = f"asked_{hashlib.sha256(text.encode()).hexdigest()[:16]}"
        self._statement = Prepared(name, text, **dict.fromkeys(numbers, "bigint"))

    def rows(self, **numbers: int) -> list[Row]:
        """The rows, as the queryset answers them."""
        compiler = copy.copy(self._compiler)
        compiler.connection = connection
        connection.ensure_connection()
        compiler.as_sql = lambda *args, **known: (self._statement.planned(), numbers)
        found = self._rows.all()
        query: Any = found.query
        query.get_compiler = lambda *args, **known: compiler
        return list(found)

    def _place(self, value: Any) -> str:
        """A value as it stands in the statement: a number that is given, or as it is."""
        if isinstance(value, list) and value[:1] and value[0] in self._stand_ins:
            return f"ARRAY[%({self._stand_ins[value[0]]})s]"
        if value in self._stand_ins:
            return f"%({self._stand_ins[value]})s"
        with connection.cursor() as cursor:
            return str(cursor.mogrify("%s", [value]).decode()).replace("%", "%%")


class Inserted(Generic[Row]):
    """Adds rows of one model, as `bulk_create` does, with statements that are planned once."""

    def __init__(self, model: type[Row]) -> None:
        self._model = model

    def add(self, *rows: Row) -> None:
        """Insert them; each then knows its key and what the database itself filled in."""
        database = connections[DEFAULT_DB_ALIAS]  # looked up once, not for every value
        columns = {
            field.column: [
                field.get_db_prep_save(getattr(row, field.attname), database) for row in rows
            ]
            for field in self._sent
        }
        if len(rows) == 1:
            found = self._one.rows({column: values[0] for column, values in columns.items()})
        else:
            found = self._many.rows(columns)
        for row, answered in zip(rows, found, strict=True):
            for field, value in zip(self._answered, answered, strict=True):
                setattr(row, field.attname, value)
            row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS

    @cached_property
    def _sent(self) -> list[Any]:
        """All columns but the key and what only the database itself fills in."""
        return [f for f in self._model._meta.concrete_fields if f not in self._answered]

    @cached_property
    def _answered(self) -> list[Any]:
        return [f for f in self._model._meta.db_returning_fields if not f.has_default()]

    @cached_property
    def _one(self) -> Prepared:
        types = {field.column: _type(field) for field in self._sent}
        return self._statement("one", "VALUES ({})", types)

    @cached_property
    def _many(self) -> Prepared:
        types = {field.column: f"{_type(field)}[]" for field in self._sent}
        return self._statement("many", "SELECT * FROM unnest({})", types)

    def _statement(self, name: str, source: str, types: dict[str, str]) -> Prepared:
        table, answered = self._model._meta.db_table, [field.column for field in self._answered]
        return Prepared(
            f"{name}_{table}",
            f"INSERT INTO {table} ({', '.join(types)}) "
            + source.format(", ".join(f"%({column})s" for column in types))
            + f" RETURNING {', '.join(answered)}",
            **types,
        )


def _type(field: Any) -> str:
    """What a column holds; without its length, so that what is too long is refused and not cut."""
    kind = str(field.db_type(connection))
    return re.sub(r"varchar\(\d+\)", "text", kind)
