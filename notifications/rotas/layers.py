"""Layers through time: a change takes effect from a moment, and what was before stays as it was.

Steps of whatever changes a layer, inside its transaction; each is called before anything is stored.
"""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar

from django.db.models import QuerySet

from notifications.models import FixedShift, Layer, LayerPerson, Rota, Window

_Row = TypeVar("_Row", LayerPerson, Window, FixedShift)

_OWN = ("id", "version_of")  # of a row, and no part of what the layer is


def keep(layer: Layer, *, at: datetime) -> None:
    """What is stored of a layer stays in force until `at`; what is stored next counts from then on.

    A change that was planned for later is dropped: the new one takes its place.
    """
    stored = Layer.objects.select_for_update(of=("self",)).select_related("rota").get(pk=layer.pk)
    later = stored.versions.filter(until__gt=at)
    later.filter(since__gte=at).delete()
    if stored.since is None or stored.since < at:
        _copy(stored, until=at)
    else:
        later.update(until=at)
    layer.since = at
    layer.save(update_fields=["since"])


def keep_all(row: Rota, *, zone: str, holidays_id: int | None, at: datetime) -> None:
    """The rota gets another zone or calendar: until `at` its layers go on by those they had."""
    layers = Layer.objects.select_for_update(of=("self",)).select_related("rota").filter(rota=row)
    for layer in layers.within(at, at).order_by("id"):
        if layer.since is None or layer.since < at:
            _copy(layer, until=at)
            layer.since = at
            layer.save(update_fields=["since"])
    former = row.layers.filter(version_of__isnull=False, until__gt=at)
    former.update(zone=zone, holidays=holidays_id)


def _copy(stored: Layer, *, until: datetime) -> None:
    """A former version, with all that belongs to it."""
    names = [field.attname for field in Layer._meta.concrete_fields if field.name not in _OWN]
    former = Layer(**{name: getattr(stored, name) for name in names})
    former.version_of_id, former.until = stored.version_of_id or stored.pk, until
    if stored.version_of_id is None:
        former.zone, former.holidays_id = stored.rota.zone, stored.rota.holidays_id
    former.save()
    _copy_rows(former, stored.places.all())
    _copy_rows(former, stored.windows.all())
    shifts = stored.shifts.filter(starts_at__lt=until)
    _copy_rows(former, shifts.filter(ends_at__gt=stored.since) if stored.since else shifts)


def _copy_rows(former: Layer, rows: QuerySet[_Row]) -> None:
    copies = list(rows)
    for row in copies:
        row.pk, row.layer = None, former
    rows.model._default_manager.bulk_create(copies)
