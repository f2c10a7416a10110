"""Which rows are a partner's: those that point at it, straight or through another row of its own.

Found from the models, so a new table belongs to the proof by being there.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection
from django.db.models import Field, ForeignKey, Model, QuerySet

from incidentdesk.kernel.models import Token, User
from partners.models import Partner

OURS = ("kernel", "partners", "notifications", "cases", "reviews")
DEPTH = 3
_GRANTED = """
    SELECT table_name, column_name FROM information_schema.columns
    WHERE table_schema = 'public'
      AND has_column_privilege(
          %s, format('%%I.%%I', table_schema, table_name), column_name, 'SELECT')
"""


@cache
def paths() -> dict[type[Model], str]:
    """Every model whose rows are a partner's, with the lookup that leads to the partner."""
    found: dict[type[Model], str] = {Token: "partner_id"}  # of the kernel, which knows no partner
    ahead: dict[type[Model], str] = {Partner: ""}
    for _ in range(DEPTH):
        next_ones = {
            model: f"{name}__{ahead[to]}" if ahead[to] else name
            for to in ahead
            for model, name in _pointing_at(to)
            if model not in found and model is not Partner
        }
        found |= next_ones
        ahead = next_ones
    return found


def _pointing_at(to: type[Model]) -> Iterator[tuple[type[Model], str]]:
    for model in apps.get_models(include_auto_created=True):
        if model._meta.app_label in OURS and not hasattr(model, "pgh_tracked_model"):
            for one in model._meta.concrete_fields:
                if isinstance(one, ForeignKey) and one.related_model is to:
                    yield model, one.name
                    break


def rows_of(model: type[Model], partner: Partner) -> QuerySet[Any]:
    """The rows of this model that are this partner's."""
    return model._default_manager.filter(**{paths()[model]: partner.pk}).order_by("pk")


def everything_of(partner: Partner, people: list[int]) -> dict[str, list[dict[str, Any]]]:
    """All that the database holds of a partner and its people, to be compared later."""
    held = {m._meta.label: list(rows_of(m, partner).values()) for m in paths()}
    register: Any = Partner.objects.filter(pk=partner.pk)
    persons: Any = User.objects.filter(pk__in=people).order_by("pk")
    held |= {"partners.Partner": list(register.values()), "kernel.User": list(persons.values())}
    for row in held["kernel.User"]:
        row.pop("last_login")
    for row in held["kernel.Token"]:
        row.pop("last_used_at")
    return held


def readable_columns() -> dict[str, set[str]]:
    """Table → columns that the portal's role may read, as the database has it now."""
    found: dict[str, set[str]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_GRANTED, [settings.PORTAL_ROLE])
        for table, column in cursor.fetchall():
            found.setdefault(table, set()).add(column)
    return found


def readable_models() -> list[type[Model]]:
    """The models of partners' rows that the portal can reach."""
    tables = readable_columns()
    return [model for model in paths() if model._meta.db_table in tables]


def text_fields(model: type[Model]) -> list[Field[Any, Any]]:
    """The fields of a model that hold words: not one of a list, nor a digest."""
    kinds = ("CharField", "TextField", "EmailField", "URLField", "FileField")
    return [
        one
        for one in model._meta.concrete_fields
        if one.get_internal_type() in kinds and not one.choices and not one.primary_key
    ]
