"""The filters of the list of incidents. Each is answered by an index, also at a million."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest

from cases import search
from cases.admin.filters import ChoiceFilter, TypedFilter
from cases.intake.opening import FROM_SOURCE
from cases.models import Category, Incident, Phase
from cases.models.incident import OVER
from incidentdesk.kernel import clocks

Found = QuerySet[Incident]
NONE, SOON, DAY = timedelta(), timedelta(hours=1), timedelta(days=1)


class ShownFilter(ChoiceFilter):
    """Open ones, unless a person asks for all of them or for a phase that is over."""

    title = "State"
    parameter_name = "show"
    first = "Open"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Everything, on request."""
        return [("all", "All")]

    def queryset(self, request: HttpRequest, queryset: Found) -> Found:
        """Leaves out what is over."""
        if self.value() == "all" or request.GET.get("phase") in OVER:
            return queryset
        return queryset.exclude(phase__in=OVER)


class MineFilter(ChoiceFilter):
    """Those that the person who looks commands."""

    title = "Commander"
    parameter_name = "mine"
    first = "Anybody"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """One's own."""
        return [("1", "Me")]

    def queryset(self, request: HttpRequest, queryset: Found) -> Found:
        """One's own."""
        return queryset.filter(commander_id=request.user.pk) if self.value() else queryset


class SeverityFilter(ChoiceFilter):
    """One severity."""

    title = "Severity"
    parameter_name = "severity"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The four."""
        return [(str(n), f"SEV-{n}") for n in (1, 2, 3, 4)]

    def queryset(self, request: HttpRequest, queryset: Found) -> Found:
        """Those of that severity."""
        value = self.value() or ""
        return queryset.filter(severity=int(value)) if value in {"1", "2", "3", "4"} else queryset


class PhaseFilter(ChoiceFilter):
    """One phase."""

    title = "Phase"
    parameter_name = "phase"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The phases and the two ways in which it is over."""
        return list(Phase.choices)

    def queryset(self, request: HttpRequest, queryset: Found) -> Found:
        """Those in that phase; of the five, only open ones are looked at."""
        phase = self.value()
        if not phase:
            return queryset
        found = queryset if phase in OVER else queryset.exclude(phase__in=OVER)
        return found.filter(phase=phase)


class CategoryFilter(ChoiceFilter):
    """One category, by its key."""

    title = "Category"
    parameter_name = "category"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Those of the register, and those without one."""
        self.ids = {
            key: (pk, name) for pk, key, name in Category.objects.values_list("pk", "key", "name")
        }
        return [*((key, name) for key, (_, name) in self.ids.items()), ("none", "None yet")]

    def queryset(self, request: HttpRequest, queryset: Found) -> Found:
        """Those of that category."""
        key = self.value()
        if not key:
            return queryset
        if key == "none":
            return queryset.filter(category=None)
        return queryset.filter(category_id=self.ids[key][0]) if key in self.ids else queryset.none()


class OverdueFilter(ChoiceFilter):
    """A clock of it has run out, or does so within the hour."""

    title = "Clocks"
    parameter_name = "overdue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """One that is past due, or nearly."""
        return [("1", "Overdue"), ("soon", "Overdue or due within an hour")]

    def queryset(self, request: HttpRequest, queryset: Found) -> Found:
        """Those with a running clock that is past due by then."""
        if not self.value():
            return queryset
        return search.overdue(queryset, clocks.now() + (SOON if self.value() == "soon" else NONE))


class PartnerFilter(TypedFilter):
    """One partner, by its name or code."""

    title = "Partner"
    parameter_name = names = "partner"

    def queryset(self, request: HttpRequest, queryset: Found) -> Found:
        """Those that it is listed in."""
        return search.of_partner(queryset, self.typed) if self.typed else queryset


class SystemFilter(TypedFilter):
    """One system, by its name."""

    title = "System"
    parameter_name = names = "system"

    def queryset(self, request: HttpRequest, queryset: Found) -> Found:
        """Those that it is affected in."""
        return search.of_system(queryset, self.typed) if self.typed else queryset


class OpenedFilter(TypedFilter):
    """The days in which it was opened, as trends name them: 2026-03-02..2026-03-08."""

    title = "Opened, from..to"
    parameter_name = "opened"

    def queryset(self, request: HttpRequest, queryset: Found) -> Found:
        """Those of these days, UTC, with both; of one day, if there is only one."""
        if not self.typed:
            return queryset
        first, _, last = self.typed.partition("..")
        try:
            begins, ends = date.fromisoformat(first), date.fromisoformat(last or first)
            return queryset.filter(
                opened_at__gte=clocks.end_of(begins) - DAY, opened_at__lt=clocks.end_of(ends)
            )
        except (ValueError, OverflowError):
            return queryset.none()


class FoundFilter(TypedFilter):
    """What found it: a source as an incident names it, or one of the ways in which no source did,
    as trends tell them apart."""

    title = "Found by"
    parameter_name = "found"

    def queryset(self, request: HttpRequest, queryset: Found) -> Found:
        """Those that it found."""
        if not self.typed:
            return queryset
        if self.typed in Incident.Detection.values:
            by_source = Q(detected_by__contains=FROM_SOURCE)
            return queryset.filter(~by_source, detection=self.typed)
        return queryset.filter(detected_by=self.typed)


class CountedFilter(ChoiceFilter):
    """Those that trends count: no exercise, and nothing that was dismissed or merged."""

    title = "Figures"
    parameter_name = "counted"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """What counts, on request."""
        return [("1", "Counted in trends")]

    def queryset(self, request: HttpRequest, queryset: Found) -> Found:
        """What counts."""
        if self.value() != "1":
            return queryset
        return queryset.filter(is_exercise=False).exclude(phase=Phase.DISMISSED)


FILTERS = (
    ShownFilter,
    MineFilter,
    SeverityFilter,
    PhaseFilter,
    CategoryFilter,
    PartnerFilter,
    SystemFilter,
    OverdueFilter,
    OpenedFilter,
    FoundFilter,
    CountedFilter,
)
