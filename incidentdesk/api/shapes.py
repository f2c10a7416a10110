"""What is answered: the columns of a row, by name, and nothing that is not named.

A shape reads all its columns in one query, whatever relations they follow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from functools import cached_property
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.db.models import Model, QuerySet
from pydantic import BaseModel, Field, create_model

from cases import reading
from incidentdesk.kernel.access import Actor

_TYPES: tuple[tuple[type[models.Field[Any, Any]], Any], ...] = (
    (models.BooleanField, bool),
    (models.IntegerField, int),
    (models.DateTimeField, datetime),
    (models.DateField, date),
    (models.JSONField, dict[str, Any]),
    (models.ForeignKey, int),
    (models.Field, str),
)


class Shape:
    """The columns of a model that the API shows: `reference category=category__key commander_id`.

    `more` adds what is computed by the database: name → (expression, type).
    """

    def __init__(
        self,
        model: type[Model],
        columns: str,
        *,
        name: str = "",
        more: Mapping[str, tuple[Any, Any]] | None = None,
    ) -> None:
        self.model = model
        self.name = name or model.__name__
        self.more = more or {}
        pairs = [column.partition("=") for column in columns.split()]
        self.columns = {left: right or left for left, _, right in pairs}
        # The name that a row bears, its own or its incident's: whoever sees the row sees it.
        self.own = {
            name
            for name, path in self.columns.items()
            if path == "reference" or path.endswith("incident__reference")
        }

    @cached_property
    def schema(self) -> type[BaseModel]:
        """The same as a schema."""
        fields: dict[str, Any] = {name: self._field(path) for name, path in self.columns.items()}
        fields |= {name: (kind, ...) for name, (_, kind) in self.more.items()}
        return create_model(self.name, **fields)

    def rows(self, found: QuerySet[Any], by: Actor) -> list[dict[str, Any]]:
        """These rows, in their order, each with its `pk` beside its columns, as `by` reads them."""
        computed = {f"api_{name}": expression for name, (expression, _) in self.more.items()}
        paths = {**self.columns, **{name: f"api_{name}" for name in self.more}, "pk": "pk"}
        values = found.annotate(**computed).values(*dict.fromkeys(paths.values()))
        return self._as_read(
            [{name: row[path] for name, path in paths.items()} for row in values], by
        )

    def one(self, pk: int, by: Actor) -> dict[str, Any]:
        """One row as it is now; `ObjectDoesNotExist` if it is gone."""
        rows = self.rows(self.model._default_manager.filter(pk=pk).order_by(), by)
        if not rows:
            raise ObjectDoesNotExist
        return rows[0]

    def _as_read(self, rows: list[dict[str, Any]], by: Actor) -> list[dict[str, Any]]:
        """A hidden incident has no name in any column; nor can a digest be used to find it out."""
        told = [{name: row[name] for name in row.keys() - self.own} for row in rows]
        hidden = reading.hidden_among(_texts(told), by)
        return [_masked(row, hidden) for row in rows] if hidden else rows

    def _field(self, path: str) -> tuple[Any, Any]:
        model: Any = self.model
        is_optional = False
        *relations, last = path.split("__")
        for relation in relations:
            field = model._meta.get_field(relation)
            is_optional |= bool(field.null)
            model = field.related_model
        name = "id" if last == "pk" else last
        field = next(f for f in model._meta.concrete_fields if name in (f.name, f.attname))
        kind = _type(field)
        help_text = str(getattr(field, "help_text", ""))
        is_optional |= bool(field.null)
        return (kind | None if is_optional else kind, Field(..., description=help_text or None))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)


def _masked(value: Any, hidden: set[str]) -> Any:
    if isinstance(value, str):
        return reading.unnamed(value, hidden)
    if isinstance(value, list):
        return [_masked(part, hidden) for part in value]
    if not isinstance(value, dict):
        return value
    found = {key: _masked(part, hidden) for key, part in value.items()}
    return found | {"salt": ""} if "salt" in found and found != value else found


def _type(field: Any) -> Any:
    if isinstance(field, ArrayField):
        return list[_type(field.base_field)]  # type: ignore[misc]
    return next(kind for base, kind in _TYPES if isinstance(field, base))
