"""Object permissions: decisions that people take, kept by django-guardian. Its only door.

Grants stand on the tenant model (settings.TENANT_MODEL) in its own direct-foreign-key table.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import models
from guardian.shortcuts import assign_perm, remove_perm
from guardian.utils import get_user_obj_perms_model

from incidentdesk.kernel.models import User
from incidentdesk.kernel.prepared import Asked


def no_anonymous_user(user_model: type[User]) -> None:
    """Guardian's hook for an anonymous user: the desk has none."""
    return


def tenant_model() -> type[models.Model]:
    """The model that grants stand on."""
    return apps.get_model(settings.TENANT_MODEL)


def _rows(obj: models.Model | type[models.Model]) -> models.QuerySet[Any]:
    """The grants on the model of `obj`."""
    model: Any = get_user_obj_perms_model(obj)  # type: ignore[arg-type]
    found: models.QuerySet[Any] = model.objects.all()
    return found


def granted(user_id: int, obj: models.Model) -> frozenset[str]:
    """The codenames that this user holds on this object: one query."""
    rows = _rows(obj).filter(user_id=user_id, content_object=obj)
    return frozenset(rows.values_list("permission__codename", flat=True))


def tenants(user_id: int) -> dict[int, frozenset[str]]:
    """The same, each with the codenames held on it: one query."""
    found: dict[int, frozenset[str]] = {}
    for row in _held_on_tenants().rows(user_id=user_id):
        pk = int(row.content_object_id)
        found[pk] = found.get(pk, frozenset()) | {row.permission.codename}
    return found


@cache
def _held_on_tenants() -> Asked[Any]:
    """What each page of the portal asks first, so it is planned once a connection."""

    def held(user_id: int) -> models.QuerySet[Any]:
        rows = _rows(tenant_model()).filter(user_id=user_id, content_object__is_active=True)
        named = rows.select_related("permission").only("content_object_id", "permission__codename")
        return named.order_by("content_object_id")

    return Asked(held, "user_id")


def tenant_ids(user_id: int) -> list[int]:
    """The tenants on which this user holds any grant, lowest id first: one query."""
    rows = _rows(tenant_model()).filter(user_id=user_id, content_object__is_active=True)
    ids = rows.values_list("content_object_id", flat=True)
    return [int(pk) for pk in ids.distinct().order_by("content_object_id")]


def holders(obj: models.Model) -> dict[int, frozenset[str]]:
    """User id → codenames held on this object."""
    return held_on(type(obj), obj.pk)


def held_on(model: type[models.Model], pk: int) -> dict[int, frozenset[str]]:
    """User id → codenames held on the object of `model` with this id: one query."""
    rows = _rows(model).filter(content_object_id=pk)
    found: dict[int, frozenset[str]] = {}
    for user_id, codename in rows.values_list("user_id", "permission__codename"):
        found[user_id] = found.get(user_id, frozenset()) | {codename}
    return found


def held(user_id: int, codename: str, model: type[models.Model]) -> models.QuerySet[Any]:
    """The ids of the objects of `model` on which this user holds `codename`, as a subquery."""
    rows = _rows(model).filter(user_id=user_id, permission__codename=codename)
    return rows.values("content_object_id")


def on(obj: models.Model, codename: str) -> models.QuerySet[Any]:
    """The grants of `codename` on one object: the rows themselves, in the order they were given."""
    return _rows(obj).filter(content_object=obj, permission__codename=codename).order_by("pk")


def grant(user: User, codename: str, obj: models.Model, **decision: Any) -> None:
    """Give `user` the right `codename` on `obj`; twice is once.

    `decision` is what the grants' table of that model keeps besides: who gave it, and when.
    """
    row: Any = assign_perm(codename, user, obj)
    if decision:
        _rows(obj).filter(pk=row.pk).update(**decision)


def revoke(user: User, codename: str, obj: Any) -> None:
    """Take it back; nothing happens if it was not there."""
    remove_perm(codename, user, obj)
