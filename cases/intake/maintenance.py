"""Maintenance windows: which are in force, which one covers an alert, and when one comes again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from dateutil import rrule
from django.db.models import QuerySet

from cases.intake import mapping
from cases.intake.signal import Signal
from cases.models import LabelMapping, MaintenanceWindow
from incidentdesk.kernel import wall

WORKDAYS = (rrule.MO, rrule.TU, rrule.WE, rrule.TH, rrule.FR)
FIFTH = 5


def in_force(at: datetime) -> list[MaintenanceWindow]:
    """The windows of this moment."""
    return list(_in_force(at))


def _in_force(at: datetime) -> QuerySet[MaintenanceWindow]:
    return MaintenanceWindow.objects.filter(starts_at__lte=at, ends_at__gt=at)


def covering(
    windows: Iterable[MaintenanceWindow], mappings: Sequence[LabelMapping], signal: Signal
) -> MaintenanceWindow | None:
    """The window in which this alert falls: all systems that it names are under maintenance, or
    all partners. One that names another as well says more than the maintenance explains."""
    of_system = {one.system_id: one for one in windows if one.system_id}
    of_partner = {one.partner_id: one for one in windows if one.partner_id}
    systems = [one.pk for one in mapping.systems(mappings, [signal])]
    partners = [one.pk for one in mapping.partners(mappings, [signal])]
    for named, known in ((systems, of_system), (partners, of_partner)):
        if named and all(pk in known for pk in named):
            return known[named[0]]
    return None


def following(window: MaintenanceWindow, *, at: datetime) -> tuple[datetime, datetime] | None:
    """The first time of a window that repeats which is not over at `at`: from and until.

    It comes at the same time by the clock of its zone, and lasts as long. None after its last day.
    """
    zone = ZoneInfo(window.zone)
    lasts = window.ends_at - window.starts_at
    begins = wall.local(window.starts_at, zone)
    for begin in _times(window.repeats, begins):
        if window.until is not None and begin.date() > window.until:
            return None
        starts_at = wall.instant(begin, zone)
        if starts_at + lasts > at:
            return starts_at, starts_at + lasts
    return None


def _times(repeats: str, begins: datetime) -> Iterable[datetime]:
    """When it begins, by the clock of its zone."""
    known: dict[str, dict[str, Any]] = {
        "daily": {"freq": rrule.DAILY},
        "weekdays": {"freq": rrule.DAILY, "byweekday": WORKDAYS},
        "weekly": {"freq": rrule.WEEKLY},
        "monthly": {"freq": rrule.MONTHLY, "byweekday": _weekday_of_month(begins)},
    }
    if repeats not in known:
        return [begins]
    return cast("Iterable[datetime]", rrule.rrule(dtstart=begins, **known[repeats]))


def _weekday_of_month(day: datetime) -> Any:
    """The second Saturday, say; a fifth one is the last."""
    number = (day.day - 1) // 7 + 1
    return rrule.weekday(day.weekday(), -1 if number == FIFTH else number)
