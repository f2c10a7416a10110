"""The demo's rota: office hours, then nights and weekends, beside the group of a path's step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from incidentdesk.kernel.access import Actor
from notifications import defaults
from notifications.models import (
    EscalationStep,
    HolidayCalendar,
    Layer,
    LayerPerson,
    Rota,
    Weekday,
    Window,
)

NAME = "Trading systems"


def load(actors: Mapping[str, Actor], *, at: datetime) -> Rota:
    """Two layers on Berlin's clocks; the steps of SEV-1 and SEV-2 that page the second responders
    page who is on call as well."""
    row = Rota.objects.create(
        name=NAME,
        zone="Europe/Berlin",
        owner_id=actors["commander"].person_id,
        holidays=HolidayCalendar.objects.create(name="Berlin", place="DE-BE"),
    )
    monday = (at - timedelta(days=at.weekday())).date()
    office = [actors[login].person_id for login in ("responder", "responder2", "security")]
    rest = [actors[login].person_id for login in ("responder3", "commander2", "responder")]
    first = _layer(row, "Office hours", office, monday, days=Layer.Days.WORKING)
    Window.objects.create(
        layer=first, weekdays=[0, 1, 2, 3, 4], starts_at=time(8), ends_at=time(18)
    )
    _layer(row, "Nights and weekends", rest, monday, position=2)
    steps = EscalationStep.objects.filter(path__name__in=("SEV-1", "SEV-2"), position=2)
    for step in steps.filter(groups__name=defaults.SECOND):
        step.rotas.add(row)
    return row


def _layer(row: Rota, name: str, people: Sequence[int], starts_on: date, **more: Any) -> Layer:
    layer = Layer.objects.create(
        rota=row,
        name=name,
        unit=Layer.Unit.WEEKS,
        weekday=Weekday.MONDAY,
        hands_over_at=time(8),
        starts_on=starts_on,
        **more,
    )
    LayerPerson.objects.bulk_create(
        LayerPerson(layer=layer, person_id=person, position=number)
        for number, person in enumerate(people, 1)
    )
    return layer
