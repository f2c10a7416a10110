"""What the page of a rota shows: four weeks day by day, its layers, and what changes them."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.db.models import Prefetch, QuerySet

from incidentdesk.kernel import wall
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.models import User
from notifications.admin.rota_dialogs import SWAPPED, key_of
from notifications.models import Absence, Layer, Override, Rota, Swap
from notifications.rotas import changing, coverage, duty, oncall, rota, swaps
from notifications.rotas.spans import Span

WEEKS = 4
FURTHEST = 52 * 2  # weeks that one may look back or ahead
COLOURS = 8


@dataclass(frozen=True)
class Part:
    """A part of a day: who holds it, or nobody; `share` is of the day's length, in percent."""

    starts: datetime
    ends: datetime
    words: str  # 09:00–17:00, or all day
    name: str
    colour: str
    source: str
    share: float
    take_over: str  # what the dialog is filled in with
    is_mine: bool


@dataclass(frozen=True)
class _Shown:
    """What all days of a page share: the zone, the people, and a colour for each."""

    zone: ZoneInfo
    people: Mapping[int, User]
    colours: Mapping[int, str]


@dataclass(frozen=True)
class Day:
    """One day on the wall."""

    day: date
    parts: list[Part]
    is_today: bool


def first_day(asked: str, today: date) -> date:
    """The Monday with which the page begins; what cannot be read is this week's."""
    monday = today - timedelta(days=today.weekday())
    try:
        wanted = date.fromisoformat(asked)
    except ValueError:
        return monday
    wanted -= timedelta(days=wanted.weekday())
    return wanted if abs((wanted - monday).days) <= FURTHEST * 7 else monday


def context(row: Rota, asked: str, by: Actor, *, at: datetime) -> dict[str, Any]:
    """All that the page needs. A fixed number of queries."""
    zone = ZoneInfo(row.zone)
    today = wall.local(at, zone).date()
    monday = first_day(asked, today)
    weeks = timedelta(weeks=WEEKS)
    midnights = [
        wall.instant(datetime.combine(monday + timedelta(days=n), time(0)), zone)
        for n in range(WEEKS * 7 + 1)
    ]
    plan = oncall.plan(row, midnights[0], midnights[-1])
    turns = rota.schedule(plan, midnights[0], midnights[-1])
    people = User.objects.in_bulk({turn.who for turn in turns})
    shown = _Shown(zone, people, {who: f"p{n % COLOURS}" for n, who in enumerate(sorted(people))})
    days = [
        Day(day, _parts(span, turns, shown, by), day == today)
        for day, span in _days(monday, midnights)
    ]
    now = oncall.now([row], at=at)[0] if row.is_active else None
    return {
        "rota": row,
        "now": now,
        "until": wall.local(now.until, zone) if now and now.until else None,
        "zone_now": wall.local(at, zone),
        "at": at,
        "weeks": [days[n : n + 7] for n in range(0, len(days), 7)],
        "later": monday + weeks,
        "earlier": monday - weeks,
        "is_this_week": monday == today - timedelta(days=today.weekday()),
        "gaps": [
            oncall.words(starts, ends, row.zone) for starts, ends in coverage.gaps(row, at=at)
        ],
        **_beside(row, by, at=at),
        "layers": _layers(row, (midnights[0], midnights[-1]), at=at),
    }


def _days(
    monday: date, midnights: Sequence[datetime]
) -> list[tuple[date, tuple[datetime, datetime]]]:
    """A day that never was has no length and is left out."""
    pairs = itertools.pairwise(midnights)
    return [
        (monday + timedelta(days=number), span)
        for number, span in enumerate(pairs)
        if span[0] < span[1]
    ]


def _parts(
    day: tuple[datetime, datetime],
    turns: Sequence[rota.Turn],
    shown: _Shown,
    by: Actor,
) -> list[Part]:
    starts, ends = day
    held = [turn for turn in turns if turn.starts < ends and turn.ends > starts]
    open_parts = [rota.Turn(a, b, 0) for a, b in rota.gaps(held, starts, ends)]
    found = sorted([*held, *open_parts], key=lambda turn: turn.starts)
    return [_part(turn, day, shown, by) for turn in found]


def _part(turn: rota.Turn, day: tuple[datetime, datetime], shown: _Shown, by: Actor) -> Part:
    starts, ends = max(turn.starts, day[0]), min(turn.ends, day[1])
    person, zone = shown.people.get(turn.who), shown.zone
    begins, over = wall.local(starts, zone), wall.local(ends, zone)
    last = "24:00" if ends == day[1] else f"{over:%H:%M}"
    filled = {"starts_at": f"{begins:%Y-%m-%dT%H:%M}", "ends_at": f"{over:%Y-%m-%dT%H:%M}"}
    return Part(
        starts,
        ends,
        "all day" if (starts, ends) == day else f"{begins:%H:%M}–{last}",
        str(person) if person else "Nobody is on call",
        shown.colours.get(turn.who, "gap"),
        turn.source,
        round(100 * (ends - starts) / (day[1] - day[0]), 2),
        urlencode(filled),
        person is not None and person.pk == by.user_id,
    )


def _beside(row: Rota, by: Actor, *, at: datetime) -> dict[str, Any]:
    """What changes the layers from now on."""
    is_free = changing.may_for_others(row, by)

    def shown(rows: QuerySet[Any], owner: str) -> list[dict[str, Any]]:
        return [
            {
                "row": one,
                "when": oncall.words(one.starts_at, one.ends_at, row.zone),
                "key": key_of(one) if is_free or _is_own(one, owner, by, at) else "",
                "is_asked": getattr(one, "asked_of_id", None) == by.user_id,
                "offer": swaps.offer(one) if isinstance(one, Swap) else "",
            }
            for one in rows.order_by("starts_at", "id")[:50]
        ]

    changes = Override.objects.filter(rota=row, ended_at=None, ends_at__gt=at)
    places = row.layers.ahead(at).values("places__person")
    leave = Absence.objects.filter(person__in=places, ended_at=None, ends_at__gt=at)
    return {
        "changes": shown(changes.select_related("person", *SWAPPED), "person_id"),
        "swaps": shown(swaps.waiting(row, at=at), "asked_by_id"),
        "leave": shown(leave.select_related("person"), "person_id"),
    }


def _is_own(one: Override | Absence | Swap, owner: str, by: Actor, at: datetime) -> bool:
    """Whether it is this person's to take back."""
    is_owed = isinstance(one, Override) and duty.is_owed(one, at=at)
    return getattr(one, owner) == by.user_id and not is_owed


def _layers(row: Rota, shown: Span, *, at: datetime) -> list[dict[str, Any]]:
    """The layers in words, each with what it was in the time that is shown or is until a planned
    change, newest first."""
    parts = ("places__person", "windows")
    versions = Layer.objects.within(*shown) | Layer.objects.ahead(at)
    versions = versions.prefetch_related(*parts).order_by("-until")
    found = row.layers.current().prefetch_related(*parts, Prefetch("versions", versions))
    return [_layer(one, row, at) for one in found.order_by("position", "id")]


def _layer(layer: Layer, row: Rota, at: datetime) -> dict[str, Any]:
    """What a layer is, since when, and what it was before; a planned change says from when on."""
    since = layer.since and oncall.since(layer.since, row.zone)
    return {
        "row": layer,
        "words": in_words(layer),
        "since": since,
        "is_planned": layer.is_planned(at),
        "former": [
            {
                "words": in_words(one),
                "until": oncall.since(one.until, row.zone) if one.until else "",
                "name": one.name if one.name != layer.name else "",
            }
            for one in layer.versions.all()
        ],
    }


def in_words(layer: Layer) -> list[str]:
    """What a layer is, a line each: who takes turns, of which length, and when it is valid."""
    if layer.unit == Layer.Unit.FIXED:
        return ["Shifts from a calendar file"]
    unit = layer.get_unit_display()
    length = (
        f"every {unit.removesuffix('s')}" if layer.every == 1 else f"every {layer.every} {unit}"
    )
    on = f" on {layer.get_weekday_display()}" if layer.weekday is not None else ""
    people = ", then ".join(str(place) for place in layer.places.all())
    lines = [people or "Nobody yet", f"Hand-over {length}{on} at {layer.hands_over_at:%H:%M}"]
    if layer.days != Layer.Days.ALL:
        lines.append(f"Only on {layer.get_days_display()}")
    lines += [f"Only {window}" for window in layer.windows.all()]
    ends = f" to {layer.ends_on:%-d %b %Y}" if layer.ends_on else ""
    return [*lines, f"From {layer.starts_on:%-d %b %Y}{ends}"]
