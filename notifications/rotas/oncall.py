"""Who is on call, from the rows: reads what a rota's arithmetic (`rota`) needs. Reads only.

A fixed number of queries for any number of rotas.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Prefetch, Q, QuerySet
from django.db.models.functions import Coalesce

from incidentdesk.kernel.models import User
from incidentdesk.kernel.roles import ROLES, Permission
from notifications.models import (
    Absence,
    EscalationStep,
    FixedShift,
    Holiday,
    HolidayCalendar,
    Layer,
    LayerPerson,
    Override,
    Rota,
    Window,
)
from notifications.rotas import holidays, rota
from notifications.rotas.rota import Turn
from notifications.rotas.spans import Span, joined

_SHAPE = "%a %-d %b %Y %H:%M"
AHEAD = timedelta(weeks=2)  # how far ahead the end of a turn is looked for
AROUND = timedelta(hours=1)  # so long before and after its end a shift is handed over


@dataclass(frozen=True)
class OnCall:
    """Who is on call now: by which rota, why, and until when; nobody and no time in a gap.

    `until` is None as well if the same person holds for two weeks at least.
    """

    rota: Rota
    person: User | None
    source: str = ""
    until: datetime | None = None


@dataclass(frozen=True)
class Ending:
    """A person's shift on a rota that ends about now, and who has the one after it; None: nobody
    within a day."""

    rota: Rota
    ends_at: datetime
    next: User | None


@dataclass(frozen=True)
class _Rows:
    """What belongs to several rotas at once, by its key."""

    overrides: Mapping[int, list[Turn]]
    away: Mapping[int, list[Span]]
    days: Mapping[int | None, AbstractSet[date]]
    able: frozenset[int]


def pageable() -> QuerySet[User]:
    """Who may be paged at all: active staff who may acknowledge; an auditor changes nothing."""
    return User.objects.filter(is_active=True, roles__overlap=who_may())


def who_may() -> list[str]:
    """The roles of those who may acknowledge."""
    return [
        key for key, role in ROLES.items() if Permission.INCIDENT_ACKNOWLEDGE in role.permissions
    ]


def active() -> QuerySet[Rota]:
    """The rotas that are in use."""
    return Rota.objects.filter(is_active=True).select_related("holidays", "owner")


def holders(step: EscalationStep, *, at: datetime) -> set[int]:
    """The people whom the rotas of a step have on call at that moment. One query without rotas."""
    rotas = list(active().filter(escalation_steps=step))
    if not rotas:
        return set()
    turns = (rota.holder(plan, at) for plan in plans(rotas, at, at + rota.MOMENT).values())
    return {turn.who for turn in turns if turn}


def now(rotas: Iterable[Rota], *, at: datetime) -> list[OnCall]:
    """Who is on call of each of these rotas, in their order."""
    rows = list(rotas)
    if not rows:
        return []
    known = plans(rows, at, at + AHEAD)
    schedules = {row.pk: rota.schedule(known[row.pk], at, at + AHEAD) for row in rows}
    first = {turn.who for turns in schedules.values() for turn in turns[:1]}
    people = User.objects.in_bulk(first)
    return [_standing(row, schedules[row.pk], people, at=at) for row in rows]


def ending(user_id: int, *, at: datetime) -> list[Ending]:
    """The shifts of this person that end within the hour, or ended within the last one, by rota.

    Turns that follow one another are one shift, whatever they come from.
    """
    rows = list(active().order_by("name", "pk"))
    first, last = at - AROUND - rota.MOMENT, at + AROUND + rota.DAY
    known = plans(rows, first, last) if rows else {}
    found = []
    for row in rows:
        turns = rota.schedule(known[row.pk], first, last)
        ends_at = _end_of(turns, user_id)
        if ends_at is not None and abs(ends_at - at) <= AROUND:
            later = next((t.who for t in turns if t.starts >= ends_at and t.who != user_id), None)
            found.append((row, ends_at, later))
    people = User.objects.in_bulk({later for _, _, later in found if later is not None})
    return [Ending(row, ends_at, people.get(later or 0)) for row, ends_at, later in found]


def plans(rotas: Sequence[Rota], starts: datetime, ends: datetime) -> dict[int, rota.Plan]:
    """The plan of each rota, good for this span."""
    keys = [row.pk for row in rotas]
    layers = _layers(keys, starts, ends)
    overrides = _overrides(keys, starts, ends)
    able = frozenset(pageable().values_list("pk", flat=True))
    former = {layer.holidays for layer in itertools.chain.from_iterable(layers.values())}
    calendars = [one for one in {row.holidays for row in rotas} | former if one is not None]
    rows = _Rows(overrides, _away(able, starts, ends), _days(calendars, starts, ends), able)
    return {row.pk: _plan(row, layers[row.pk], rows) for row in rotas}


def plan(row: Rota, starts: datetime, ends: datetime) -> rota.Plan:
    """The plan of one rota."""
    return plans([row], starts, ends)[row.pk]


def words(starts: datetime, ends: datetime, zone: str = "UTC") -> str:
    """A span as the clocks of the zone show it, in words."""
    begins, over = (at.astimezone(ZoneInfo(zone)) for at in (starts, ends))
    last = "%H:%M" if begins.date() == over.date() else _SHAPE
    return f"{begins.strftime(_SHAPE)} to {over.strftime(last)} ({zone})"


def since(starts: datetime, zone: str) -> str:
    """A moment as the clocks of the zone show it, in words."""
    return f"{starts.astimezone(ZoneInfo(zone)).strftime(_SHAPE)} ({zone})"


def _end_of(turns: Sequence[Turn], user_id: int) -> datetime | None:
    """When the first of this person's shifts among these turns ends."""
    ends_at: datetime | None = None
    for turn in turns:
        if turn.who == user_id and ends_at in (None, turn.starts):
            ends_at = turn.ends
    return ends_at


def _standing(
    row: Rota, turns: Sequence[Turn], people: Mapping[int, User], *, at: datetime
) -> OnCall:
    if not turns or turns[0].starts > at:
        return OnCall(row, None, until=turns[0].starts if turns else None)
    first, ends = turns[0], turns[0].ends
    for turn in turns[1:]:
        if turn.who != first.who or turn.starts != ends:
            break
        ends = turn.ends
    return OnCall(row, people[first.who], first.source, ends if ends < at + AHEAD else None)


def _plan(row: Rota, layers: Sequence[Layer], rows: _Rows) -> rota.Plan:
    return rota.Plan(
        zone=ZoneInfo(row.zone),
        layers=[_layer(layer, rows) for layer in layers],
        able=rows.able,
        overrides=rows.overrides.get(row.pk, ()),
        away=rows.away,
        holidays=rows.days.get(row.holidays_id, frozenset()),
    )


def _layer(row: Layer, rows: _Rows) -> rota.Layer:
    unit = row.unit if row.unit != Layer.Unit.FIXED else Layer.Unit.DAYS
    start = datetime.combine(row.starts_on, row.hands_over_at)
    last = row.ends_on + rota.DAY if row.ends_on else None
    people = [place.person_id for place in row.places.all()]
    return rota.Layer(
        name=row.name,
        people=() if row.unit == Layer.Unit.FIXED else people,
        length=timedelta(**{str(unit): row.every}),
        anchor=rota.anchor(row.starts_on, row.hands_over_at, row.weekday),
        starts=start,
        ends=datetime.combine(last, row.hands_over_at) if last else None,
        windows=[
            rota.Window(frozenset(one.weekdays), one.starts_at, one.ends_at)
            for one in row.windows.all()
        ],
        days=rota.Days(row.days),
        fixed=[
            Turn(shift.starts_at, shift.ends_at, shift.person_id, row.name)
            for shift in row.shifts.all()
        ],
        since=row.since,
        until=row.until,
        zone=ZoneInfo(row.zone) if row.zone else None,
        holidays=rows.days.get(row.holidays_id, frozenset()) if row.until else None,
    )


def _layers(
    keys: Collection[int], starts: datetime, ends: datetime
) -> defaultdict[int, list[Layer]]:
    """With what belongs to them: four queries."""
    in_span = Q(starts_at__lt=ends, ends_at__gt=starts)
    shifts = FixedShift.objects.filter(in_span).order_by("starts_at", "id")
    found = Layer.objects.within(starts, ends).filter(rota__in=keys).select_related("holidays")
    found = found.prefetch_related(
        Prefetch("places", LayerPerson.objects.order_by("position", "id")),
        Prefetch("windows", Window.objects.order_by("id")),
        Prefetch("shifts", shifts),
    )
    by_rota = defaultdict(list)
    for layer in found.order_by("position", Coalesce("version_of", "id")):
        by_rota[layer.rota_id].append(layer)
    return by_rota


def _overrides(keys: Collection[int], starts: datetime, ends: datetime) -> dict[int, list[Turn]]:
    """The one that was made last comes first."""
    found: dict[int, list[Turn]] = {}
    rows = Override.objects.filter(
        rota__in=keys, ended_at=None, starts_at__lt=ends, ends_at__gt=starts
    )
    for row in rows.order_by("-id"):
        turn = Turn(row.starts_at, row.ends_at, row.person_id, "takes over")
        found.setdefault(row.rota_id, []).append(turn)
    return found


def _away(people: Collection[int], starts: datetime, ends: datetime) -> dict[int, list[Span]]:
    found: dict[int, list[Span]] = {}
    rows = Absence.objects.filter(
        person__in=people, ended_at=None, starts_at__lt=ends, ends_at__gt=starts
    )
    for who, begins, over in rows.values_list("person_id", "starts_at", "ends_at"):
        found.setdefault(who, []).append((begins, over))
    return {who: joined(spans) for who, spans in found.items()}


def _days(
    calendars: Collection[HolidayCalendar], starts: datetime, ends: datetime
) -> dict[int | None, set[date]]:
    """The holidays of each calendar: of its place, and of its own file a day more on either side
    than the span."""
    found: dict[int | None, set[date]] = {
        one.pk: holidays.between(one.place, starts.date(), ends.date()) if one.place else set()
        for one in calendars
    }
    if found:
        days = Holiday.objects.filter(
            calendar__in=calendars,
            day__gte=starts.date() - 2 * rota.DAY,
            day__lte=ends.date() + 2 * rota.DAY,
        )
        for key, day in days.values_list("calendar_id", "day"):
            found[key].add(day)
    return found
