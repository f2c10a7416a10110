"""Each wall alone: the database with every query unfiltered, and the queries without the database.

The walk asks through both; a hole in one that the other covers is found here.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any, get_type_hints

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import Model, QuerySet

from cases import visibility
from incidentdesk.isolation import reach
from incidentdesk.isolation.cast import Cast
from incidentdesk.isolation.people import Side
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.scope import partner_scope
from partners import deliveries, invitations, preferences, team, tokens, webhooks


def database(cast: Cast) -> Iterator[str]:
    """As the portal's role for the reader's partner, every readable column of every table."""
    for table, columns in sorted(reach.readable_columns().items()):
        try:
            with transaction.atomic(), partner_scope(cast.b.partner.pk):
                found = _columns(table, sorted(columns))
        except DatabaseError as error:
            yield f"{table} cannot be read as {settings.PORTAL_ROLE}: {str(error).splitlines()[0]}"
            continue
        text = "\n".join(str(row) for row in found)
        leaked = [*cast.a.words.found_in(text), *cast.desk.found_in(text)]
        if leaked:
            yield f"{table} gives {settings.PORTAL_ROLE} {', '.join(leaked)}"
    yield from _without_partner()


def _without_partner() -> Iterator[str]:
    """A scope of nobody's shows no row of anybody's."""
    for model in reach.readable_models():
        with transaction.atomic(), partner_scope(0):
            count = len(_columns(model._meta.db_table, ["id"]))
        if count:
            yield f"{model._meta.db_table} gives {settings.PORTAL_ROLE} {count} rows for no partner"


def _columns(table: str, columns: list[str]) -> list[tuple[Any, ...]]:
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        names = ", ".join(quote(column) for column in columns)
        cursor.execute(f"SELECT {names} FROM {quote(table)}")  # noqa: S608 -- names of our tables
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


def window() -> dict[str, Callable[..., Any]]:
    """The questions that the portal may ask of incidents and of the register, by name."""
    return {
        f"{module.__name__}.{name}": function
        for module in (visibility, team, invitations, preferences, tokens, webhooks, deliveries)
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__
        and not name.startswith("_")
        and "actor" in inspect.signature(function).parameters
    }


def python(cast: Cast) -> Iterator[str]:
    """As the application, which sees all rows, every question of the portal's window."""
    for model in reach.readable_models():
        if not all(reach.rows_of(model, s.partner).exists() for s in (cast.a, cast.b)):
            yield f"the application does not see both partners' rows of {model._meta.label}"
    for name, question in window().items():
        try:
            arguments = _arguments(question, cast.a)
        except LookupError as error:
            yield f"{name} could not be asked: {error}"
            continue
        answer = question(cast.b.actor(), **arguments)
        for row in answer if isinstance(answer, QuerySet | list) else [answer]:
            yield from _foreign(name, row, cast)


def _foreign(where: str, row: Any, cast: Cast) -> Iterator[str]:
    if isinstance(row, Model) and type(row) in reach.paths():
        own = reach.rows_of(type(row), cast.b.partner)
        if not own.filter(pk=row.pk).exists():
            yield f"{where} gives {row._meta.label} {row.pk}, which is not the reader's"
            return
    text = str(vars(row) if isinstance(row, Model) else row)
    leaked = [*cast.a.words.found_in(text), *cast.desk.found_in(text)]
    if leaked:
        yield f"{where} gives {', '.join(leaked)}"


def _arguments(question: Callable[..., Any], side: Side) -> dict[str, Any]:
    """What else a question asks for: the other partner's rows, references and ids."""
    hints = get_type_hints(question)
    return {
        name: _argument(name, hints[name], side)
        for name, parameter in inspect.signature(question).parameters.items()
        if name != "actor" and parameter.default is inspect.Parameter.empty
    }


def _argument(name: str, kind: Any, side: Side) -> Any:
    models = [
        m for m in reach.paths() if m is kind or name.removesuffix("_id") == m._meta.model_name
    ]
    row = reach.rows_of(models[0], side.partner).first() if models else None
    if row is not None:
        return row if kind is models[0] else row.pk
    if name == "words":
        return [side.words.salt]
    if kind is str:
        return side.partner.code
    if kind is Actor:
        return side.actor()
    raise LookupError(f"say in isolation/walls.py what its “{name}” may be")
