"""Calendars to subscribe to: the turns of a person, or of a rota, at a secret address.

Only a digest of the secret is stored. Times are UTC, which every calendar program understands; the
same turns are the same bytes, so that a program that asks again learns that nothing changed.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from icalendar import Calendar, Event

from incidentdesk.kernel import access, audit, shown_once
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import NotFound
from incidentdesk.kernel.models import User
from incidentdesk.kernel.roles import permissions_of
from notifications.models import CalendarFeed, Rota
from notifications.rotas import oncall, rota
from notifications.rotas.rota import Turn

BACK, AHEAD = timedelta(weeks=4), timedelta(weeks=12)


@transaction.atomic
def make(*, rota_id: int | None, by: Actor, at: datetime) -> str:
    """A new address for one's own turns, or for a rota's; answers its secret, which is shown
    nowhere again. The former address of the same ends."""
    access.require(by, Permission.INCIDENT_ACKNOWLEDGE)
    if rota_id is not None and not oncall.active().filter(pk=rota_id).exists():
        raise NotFound("There is no such rota, or it is switched off.")
    _live(by.person_id, rota_id).update(revoked_at=at)
    secret = shown_once.secret()
    CalendarFeed.objects.create(
        person_id=by.person_id, rota_id=rota_id, digest=shown_once.digest(secret), made_at=at
    )
    audit.record(by=by, at=at, action="made a calendar address", about=_about(rota_id, by))
    return secret


@transaction.atomic
def end(*, rota_id: int | None, by: Actor, at: datetime) -> None:
    """The address answers nobody any more. NotFound if there is none."""
    access.require(by, Permission.INCIDENT_ACKNOWLEDGE)
    if not _live(by.person_id, rota_id).update(revoked_at=at):
        raise NotFound("There is no such address, or it has ended.")
    audit.record(by=by, at=at, action="ended a calendar address", about=_about(rota_id, by))


def find(secret: str) -> CalendarFeed | None:
    """The feed of this secret, while its person may still read here."""
    rows = CalendarFeed.objects.select_related("person", "rota")
    row = rows.filter(digest=shown_once.digest(secret), revoked_at=None).first()
    if row is None or not row.person.is_active:
        return None
    is_over = row.rota is not None and not row.rota.is_active
    reads = Permission.INCIDENT_READ in permissions_of(row.person.roles)
    return row if reads and not is_over else None


def text(feed: CalendarFeed, *, at: datetime) -> bytes:
    """The calendar, from four weeks back to twelve ahead, whole weeks."""
    this_week = at.astimezone(UTC).date() - timedelta(days=at.astimezone(UTC).weekday())
    monday = datetime.combine(this_week, time(0), UTC)
    starts, ends = monday - BACK, monday + AHEAD
    rotas = list(oncall.active().filter(**({"pk": feed.rota_id} if feed.rota_id else {})))
    plans = oncall.plans(rotas, starts, ends)
    found = [
        (row, turn)
        for row in rotas
        for turn in rota.schedule(plans[row.pk], starts, ends)
        if feed.rota_id or turn.who == feed.person_id
    ]
    people = User.objects.in_bulk({turn.who for _, turn in found})
    calendar = Calendar()
    calendar.add("prodid", "-//incidentdesk//on call//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", f"On call: {feed.rota or feed.person}")
    for row, turn in found:
        calendar.add_component(_event(row, turn, str(people[turn.who])))
    return bytes(calendar.to_ical())


def has(user_id: int, rota_id: int | None) -> bool:
    """Whether a person has an address for a rota, or with None for their own turns."""
    return _live(user_id, rota_id).exists()


def _event(row: Rota, turn: Turn, name: str) -> Event:
    event = Event()
    host = urlsplit(settings.SITE_URL).hostname
    event.add("uid", f"rota-{row.pk}-{turn.starts:%Y%m%dT%H%M%S}-{turn.who}@{host}")
    event.add("dtstamp", turn.starts)  # a time of its own would make the same turns other bytes
    event.add("dtstart", turn.starts)
    event.add("dtend", turn.ends)
    event.add("summary", f"On call: {name} ({row.name})")
    event.add("url", settings.SITE_URL + row.url)
    return event


def _live(user_id: int, rota_id: int | None) -> QuerySet[CalendarFeed]:
    rows = CalendarFeed.objects.filter(person_id=user_id, revoked_at=None)
    return rows.filter(rota=rota_id) if rota_id else rows.filter(rota=None)


def _about(rota_id: int | None, by: Actor) -> str:
    return f"rota:{rota_id}" if rota_id else f"user:{by.person_id}"
