"""The filters of the lists of reviews and actions."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from cases.admin.filters import ChoiceFilter
from reviews.models import PreventiveAction, Review


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
        """One's own."""
        return [("me", "Me")]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[PreventiveAction]
    ) -> QuerySet[PreventiveAction]:
        """One's own."""
        return queryset.filter(owner=request.user.pk) if self.value() == "me" else queryset
