"""The register of rotas: adding and changing one, and a layer out of a calendar file."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import transaction

from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import InvalidInput, NotFound
from notifications.models import FixedShift, HolidayCalendar, Layer, Rota
from notifications.rotas import changing, icsfile, layers, oncall
from notifications.rotas.whose import Matched, match

AHEAD = timedelta(days=400)  # how much of a calendar file is taken in


@transaction.atomic
def add(
    *, name: str, zone: str, owner_id: int, holidays_id: int | None, by: Actor, at: datetime
) -> Rota:
    """A new rota, without a layer: nobody is on call of it yet."""
    access.require(by, Permission.REGISTER_WRITE)
    row = Rota(name=name.strip(), zone=zone.strip())
    _fill(row, owner_id, holidays_id)
    changing.note(row, "added rota", by=by, at=at, zone=row.zone)
    return row


@transaction.atomic
def change(
    *,
    rota_id: int,
    name: str,
    zone: str,
    owner_id: int,
    holidays_id: int | None,
    is_active: bool,
    by: Actor,
    at: datetime,
) -> Rota:
    """Another name, zone, owner or calendar, or off: then nobody is on call of it.

    Zone and calendar count from now on; by the former ones it is said who was on call before.
    """
    access.require(by, Permission.REGISTER_WRITE)
    row = _locked(rota_id)
    if (row.zone, row.holidays_id) != (zone.strip(), holidays_id):
        layers.keep_all(row, zone=zone.strip(), holidays_id=holidays_id, at=at)
    row.name, row.zone, row.is_active = name.strip(), zone.strip(), is_active
    _fill(row, owner_id, holidays_id)
    state = "on" if is_active else "off"
    changing.note(row, "changed rota", by=by, at=at, zone=row.zone, state=state)
    return row


@transaction.atomic
def cancel_change(*, layer_id: int, by: Actor, at: datetime) -> Layer:
    """Drop the change that is planned of a layer: what is in force goes on.

    Conflict if none is planned, or it counts already.
    """
    access.require(by, Permission.REGISTER_WRITE)
    layer = Layer.objects.current().select_related("rota").filter(pk=layer_id).first()
    if layer is None:
        raise NotFound("There is no such layer.")
    planned = str(layer.since)
    layer = layers.cancel(layer, now=at)
    changing.note(
        layer.rota, "cancelled a planned change", by=by, at=at, layer=layer.name, planned=planned
    )
    return layer


@transaction.atomic
def import_layer(
    *, rota_id: int, name: str, text: str, leave_out: bool = False, by: Actor, at: datetime
) -> Layer:
    """A layer of the shifts of a calendar file; one of that name is replaced from now on.

    InvalidInput, with a sentence for each event that is nobody's, unless those are to be left out.
    The next 400 days are taken.
    """
    access.require(by, Permission.REGISTER_WRITE)
    row = _locked(rota_id)
    found = whose(text, row, at=at)
    if found.unmatched and not leave_out:
        raise InvalidInput(
            " ".join(
                ["Nothing is stored yet.", *found.unmatched, "Tick the box to leave these out."]
            ),
            field="leave_out",
        )
    if not found.shifts:
        raise InvalidInput("No shift of the coming 400 days is anybody's; nothing was imported.")
    layer = _layer(row, name.strip(), at=at)
    layer.shifts.all().delete()
    FixedShift.objects.bulk_create(
        FixedShift(layer=layer, person_id=who, starts_at=event.starts, ends_at=event.ends)
        for event, who in found.shifts
    )
    changing.note(row, "imported a layer", by=by, at=at, layer=layer.name)
    return layer


def whose(text: str, row: Rota, *, at: datetime) -> Matched:
    """What a calendar file would bring, matched to people; stores nothing."""
    events = icsfile.read(text, ZoneInfo(row.zone), at, at + AHEAD)
    people = list(oncall.pageable().order_by("id"))
    names = [(person.name.strip().lower(), person.pk) for person in people]
    return match(events, {person.email.lower(): person.pk for person in people}, names)


def _fill(row: Rota, owner_id: int, holidays_id: int | None) -> None:
    row.owner = changing.person_of(owner_id, field="owner_id")
    row.holidays = HolidayCalendar.objects.get(pk=holidays_id) if holidays_id else None
    try:
        row.full_clean()
    except ValidationError as error:
        field, said = next(iter(error.message_dict.items()))
        raise InvalidInput(said[0], field=field) from error
    row.save()


def _locked(rota_id: int) -> Rota:
    row = Rota.objects.select_for_update(of=("self",)).filter(pk=rota_id).first()
    if row is None:
        raise NotFound("There is no such rota.")
    return row


def _layer(row: Rota, name: str, *, at: datetime) -> Layer:
    layer = row.layers.current().filter(name=name).first()
    if layer is None:
        first = at.astimezone(ZoneInfo(row.zone)).date()
        layer = Layer(
            rota=row,
            name=name,
            unit=Layer.Unit.FIXED,
            hands_over_at=time(0),
            starts_on=first,
            position=row.layers.current().count() + 1,
            since=at,
        )
        try:
            layer.full_clean()
        except ValidationError as error:
            raise InvalidInput(" ".join(error.messages), field="name") from error
        layer.save()
    elif layer.unit != Layer.Unit.FIXED:
        raise InvalidInput(
            f"“{name}” is a layer of people who take turns; give the imported one another name.",
            field="name",
        )
    elif layer.is_planned(at):
        raise InvalidInput(
            f"A change of “{name}” is planned; cancel it on the rota's page first.", field="name"
        )
    else:
        layers.keep(layer, at=at, now=at)
    return layer
