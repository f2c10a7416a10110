"""Who is bound by what: us, or one involved partner, and by whose days its deadlines count.

Reads only.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta

from cases.models import Involvement, OwnSupervision, RegimeRule
from cases.regulation.limits import Party
from incidentdesk.kernel.clocks import Calendar
from notifications.models import HolidayCalendar
from notifications.rotas import holidays
from partners import directory
from partners.models.supervision import Supervised

AHEAD = timedelta(days=400)  # further than any limit reaches


def supervision(involvement: Involvement | None) -> Supervised:
    """Who supervises that party; without an involvement, us."""
    if involvement is not None:
        return directory.terms_of(involvement.partner)
    return OwnSupervision.objects.select_related("holidays").get()


def rules(bound: Supervised, *, is_partner: bool) -> list[RegimeRule]:
    """The rules of the regimes that are on and that it is bound by, in order. One query."""
    found = RegimeRule.objects.filter(
        is_on=True, regime__is_on=True, regime__code__in=bound.regimes
    ).exclude(kind=RegimeRule.Kind.STANDING)
    if not is_partner:  # what we owe to a partner has a clock for each partner
        found = found.filter(is_ours=False)
    return list(found.select_related("regime__holidays"))


def parties(
    rules_of: Iterable[RegimeRule], bound: Supervised, times: Collection[datetime]
) -> dict[int, Party]:
    """By whose days each rule counts, by its key: those of its regime, or else of who is bound."""
    known: dict[int, frozenset[date]] = {}
    found = {}
    for rule in rules_of:
        calendar = rule.regime.holidays or bound.holidays
        if calendar is not None and calendar.pk not in known:
            known[calendar.pk] = _days_off(calendar, times)
        zone = rule.regime.zone or bound.zone
        found[rule.pk] = Party(
            Calendar(zone or "UTC", known[calendar.pk] if calendar else frozenset()),
            tuple(bound.entities),
            waits_for_weekends=bool(zone) and not bound.no_weekend_rule,
        )
    return found


def _days_off(calendar: HolidayCalendar, times: Collection[datetime]) -> frozenset[date]:
    """The holidays of a calendar, by its place and its file, for as long as a limit reaches."""
    if not times:
        return frozenset()
    since, until = min(times).date() - timedelta(days=1), max(times).date() + AHEAD
    own = calendar.days.filter(day__gte=since, day__lte=until).values_list("day", flat=True)
    of_place = holidays.between(calendar.place, since, until) if calendar.place else set()
    return frozenset({*of_place, *own})


def is_in_force(rule: RegimeRule, anchor: datetime) -> bool:
    """What began before a regime applies starts no clock of it."""
    since = rule.regime.in_force_on
    return since is None or anchor.date() >= since
