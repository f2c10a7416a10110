"""The filters of the lists of what comes after an incident."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from cases import queries as incidents
from cases.admin.filters import ChoiceFilter, TypedFilter
from incidentdesk.kernel import clocks, ids
from incidentdesk.kernel.desk import actor
from reviews.models import PreventiveAction, Review
from reviews.models.preventive_action import WAITS, overdue


class SeverityFilter(ChoiceFilter):
    """The severity of the incident."""

    title = "severity"
    parameter_name = "severity"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The four."""
        return [(str(n), f"SEV-{n}") for n in (1, 2, 3, 4)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Review]) -> QuerySet[Review]:
        """Those of that severity."""
        value = self.value()
        if value not in ("1", "2", "3", "4"):
            return queryset
        return queryset.filter(incident__severity=int(value))


class OwnerFilter(ChoiceFilter):
    """Whose actions."""

    title = "owner"
    parameter_name = "owner"
    first = "Anybody"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """One's own, then whoever has any that this person may read."""
        rows = model_admin.get_queryset(request).order_by("owner__name", "owner")
        others = rows.values_list("owner", "owner__name").distinct()
        return [("me", "Me"), *((str(pk), name) for pk, name in others)]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[PreventiveAction]
    ) -> QuerySet[PreventiveAction]:
        """Those of that person."""
        value = self.value()
        if value is None:
            return queryset
        owner = request.user.pk if value == "me" else ids.of(value)
        return queryset.filter(owner=owner) if owner is not None else queryset


class OverdueFilter(ChoiceFilter):
    """What waits and whose day is over."""

    title = "due"
    parameter_name = "due"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Overdue, or waiting at all."""
        return [("overdue", "Overdue"), ("waiting", "Waiting"), ("over", "Over")]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[PreventiveAction]
    ) -> QuerySet[PreventiveAction]:
        """Those of them."""
        if self.value() == "overdue":
            return queryset.filter(overdue(clocks.now()))
        if self.value() == "waiting":
            return queryset.filter(WAITS)
        return queryset.filter(~WAITS) if self.value() == "over" else queryset


class FellDueFilter(TypedFilter):
    """The days on which it fell due, as trends count it (2026-03-02..2026-03-08): nothing of an
    exercise."""

    title = "Fell due, from..to"
    parameter_name = "fell_due"

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[PreventiveAction]
    ) -> QuerySet[PreventiveAction]:
        """Those of these days, with both; of one day, if there is only one."""
        if not self.typed:
            return queryset
        first, _, last = self.typed.partition("..")
        try:
            days = date.fromisoformat(first), date.fromisoformat(last or first)
        except ValueError:
            return queryset.none()
        counted = incidents.counted_for(actor(request))
        return queryset.filter(due_on__range=days, review__incident__in=counted)


class ControlFilter(ChoiceFilter):
    """Of which control."""

    title = "control"
    parameter_name = "control"
    path = "control"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Those that rows which this person may read name."""
        rows = model_admin.get_queryset(request).filter(**{f"{self.path}__isnull": False})
        found = rows.order_by(f"{self.path}__number").values_list(self.path, f"{self.path}__number")
        return [(str(pk), number) for pk, number in found.distinct()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Those of that control."""
        number = ids.of(self.value() or "")
        return queryset if number is None else queryset.filter(**{self.path: number})


class LessonControlFilter(ControlFilter):
    """A lesson may name several controls."""

    path = "controls"


class LessonSystemFilter(ControlFilter):
    """On which system a lesson is shown again."""

    title = "system"
    parameter_name = "system"
    path = "systems"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Those that lessons which this person may read name."""
        rows = model_admin.get_queryset(request).filter(systems__isnull=False)
        found = rows.order_by("systems__name").values_list("systems", "systems__name").distinct()
        return [(str(pk), name) for pk, name in found]


class TagFilter(ChoiceFilter):
    """By tag."""

    title = "tag"
    parameter_name = "tag"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The tags of the lessons that this person may read."""
        rows = model_admin.get_queryset(request).order_by()
        tags = {tag for found in rows.values_list("tags", flat=True) for tag in found}
        return [(tag, tag) for tag in sorted(tags)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Those with that tag."""
        value = self.value()
        return queryset.filter(tags__contains=[value]) if value else queryset


class ReviewDayFilter(ChoiceFilter):
    """Controls whose review day is over, or that have none."""

    title = "review day"
    parameter_name = "review"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Both are asked about."""
        return [("overdue", "Overdue"), ("none", "None set")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Those of them that are in use."""
        if self.value() == "overdue":
            return queryset.filter(is_retired=False, review_on__lt=clocks.now().date())
        if self.value() == "none":
            return queryset.filter(is_retired=False, review_on=None)
        return queryset
