"""Layers through time: a change takes effect from a moment, and what was before stays as it was.

Steps of whatever changes a layer, inside its transaction; each is called before anything is stored.
"""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar

from django.db.models import Q, QuerySet

from incidentdesk.kernel.errors import Conflict, InvalidInput
from notifications.models import FixedShift, Layer, LayerPerson, Rota, Window

_Row = TypeVar("_Row", LayerPerson, Window, FixedShift)

_OWN = ("id", "version_of")  # of a row, and no part of what the layer is


def keep(layer: Layer, *, at: datetime, now: datetime) -> None:
    """What is in force of a layer stays so until `at`, now or later; what is stored next counts
    from then on.

    A change that is planned is dropped: the new one takes its place, be it earlier or later.
    """
    stored = _locked(layer.pk)
    later = stored.versions.filter(Q(until__gt=at) | Q(until=stored.since))
    later.filter(since__gte=at).delete()
    if stored.is_planned(now):
        later.update(until=at)
    elif stored.since is None or stored.since < at:
        _copy(stored, until=at)
    layer.since = at
    layer.save(update_fields=["since"])


def cancel(layer: Layer, *, now: datetime) -> Layer:
    """The change that is planned is dropped: what is in force goes on, as if none had been.

    Conflict if none is planned; InvalidInput if another layer has its former name by now.
    """
    stored = _locked(layer.pk)
    former = stored.versions.filter(until=stored.since).first()
    if not stored.is_planned(now) or former is None:
        raise Conflict("No change of this layer is planned, or it counts already.")
    others = Layer.objects.current().filter(rota=former.rota_id).exclude(pk=stored.pk)
    if others.filter(name=former.name).exists():
        raise InvalidInput(
            f"Another layer of this rota is called “{former.name}” by now; give that one another "
            "name first."
        )
    for name in _facts():
        setattr(stored, name, getattr(former, name))
    stored.since, stored.until, stored.zone, stored.holidays = former.since, None, "", None
    stored.save()
    stored.places.all().delete()
    stored.windows.all().delete()
    former.places.update(layer=stored)
    former.windows.update(layer=stored)
    former.delete()  # its shifts are among those of the layer
    return stored


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


def _locked(layer_id: int) -> Layer:
    return Layer.objects.select_for_update(of=("self",)).select_related("rota").get(pk=layer_id)


def _facts() -> list[str]:
    """What a layer is, by the names of its columns."""
    return [field.attname for field in Layer._meta.concrete_fields if field.name not in _OWN]


def _copy(stored: Layer, *, until: datetime) -> None:
    """A former version, with all that belongs to it."""
    former = Layer(**{name: getattr(stored, name) for name in _facts()})
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
