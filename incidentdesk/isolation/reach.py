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
_WRITTEN = """
    SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_xact_user_tables
    WHERE schemaname = 'public' AND n_tup_ins + n_tup_upd + n_tup_del > 0"""


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


@cache
def tables_on_the_way(model: type[Model]) -> frozenset[str]:
    """The tables on which it hangs which rows of this model are a partner's, its own among them."""
    found, here = {model._meta.db_table}, model
    for name in filter(None, paths().get(model, "").split("__")):
        leads_to = here._meta.get_field(name).related_model
        if isinstance(leads_to, type):
            here = leads_to
            found.add(here._meta.db_table)
    return frozenset(found)


def everything_of(
    partner: Partner, people: list[int], *, touched: set[str] | None = None
) -> dict[str, list[dict[str, Any]]]:
    """All that the database holds of a partner and its people, to be compared later; or of it only
    what may have changed, once one knows which tables were touched."""
    held: dict[str, list[dict[str, Any]]] = {}
    every: list[type[Model]] = [*paths(), Partner, User]
    for model in every:
        if touched is None or touched & tables_on_the_way(model):
            held[model._meta.label] = list(_rows(model, partner, people).values())
    for row in held.get("kernel.User", []):
        row.pop("last_login")
    for row in held.get("kernel.Token", []):
        row.pop("last_used_at")
    return held


def _rows(model: type[Model], partner: Partner, people: list[int]) -> QuerySet[Any]:
    if model is User:
        return User.objects.filter(pk__in=people).order_by("pk")
    if model is Partner:
        return Partner.objects.filter(pk=partner.pk)
    return rows_of(model, partner)


def writes_so_far() -> dict[str, int]:
    """Table → rows that this transaction has written or tried to, as the server counts them,
    whatever statement, trigger or cascade wrote them. Nothing, where it is told not to count."""
    with connection.cursor() as cursor:
        cursor.execute(_WRITTEN)
        return dict(cursor.fetchall())


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
