"""What is answered: the columns of a row, by name, and nothing that is not named.

A shape reads all its columns in one query, whatever relations they follow.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from functools import cached_property
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.db.models import Model, QuerySet
from pydantic import BaseModel, Field, create_model

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

    @cached_property
    def schema(self) -> type[BaseModel]:
        """The same as a schema."""
        fields: dict[str, Any] = {name: self._field(path) for name, path in self.columns.items()}
        fields |= {name: (kind, ...) for name, (_, kind) in self.more.items()}
        return create_model(self.name, **fields)

    def rows(self, found: QuerySet[Any]) -> list[dict[str, Any]]:
        """These rows, in their order, each with its `pk` beside its columns."""
        computed = {f"api_{name}": expression for name, (expression, _) in self.more.items()}
        paths = {**self.columns, **{name: f"api_{name}" for name in self.more}, "pk": "pk"}
        values = found.annotate(**computed).values(*dict.fromkeys(paths.values()))
        return [{name: row[path] for name, path in paths.items()} for row in values]

    def one(self, pk: int) -> dict[str, Any]:
        """One row as it is now; `ObjectDoesNotExist` if it is gone."""
        rows = self.rows(self.model._default_manager.filter(pk=pk).order_by())
        if not rows:
            raise ObjectDoesNotExist
        return rows[0]

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


def _type(field: Any) -> Any:
    if isinstance(field, ArrayField):
        return list[_type(field.base_field)]  # type: ignore[misc]
    return next(kind for base, kind in _TYPES if isinstance(field, base))
