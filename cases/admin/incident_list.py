"""The list of incidents: its filters and the annotations that its columns read."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest

from cases.admin.filters import ChoiceFilter
from cases.models import Deadline, Incident, Phase
from cases.models.deadline import KINDS
from incidentdesk.kernel import clocks

KIND_LABELS = dict(KINDS)


def with_next_deadline(incidents: QuerySet[Incident]) -> QuerySet[Incident]:
    """Each with the clock that is due next: kind and time, in the same query."""
    running = Deadline.objects.filter(
        incident=OuterRef("pk"), met_at=None, is_dropped=False
    ).order_by("due_at")
    return incidents.annotate(
        next_due_at=Subquery(running.values("due_at")[:1]),
        next_due_kind=Subquery(running.values("kind")[:1]),
    )


def due_words(incident: Any, now: datetime) -> tuple[str, str]:
    """The next clock in words, and a class for its colour."""
    due: datetime | None = incident.next_due_at
    if due is None:
        return "—", "mute"
    label = KIND_LABELS.get(incident.next_due_kind, "")
    span = clocks.words(due - now)
    if due <= now:
        return f"{label}: {span} late", "bad"
    return f"{label} in {span}", "warn" if (due - now).total_seconds() < 900 else ""


class ShownFilter(ChoiceFilter):
    """Open ones, unless a person asks for all of them or for a phase that is over."""

    title = "state"
    parameter_name = "show"
    first = "Open"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Everything, on request."""
        return [("all", "All")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Incident]) -> QuerySet[Incident]:
        """Leaves out what is over."""
        over = request.GET.get("phase") in (Phase.CLOSED, Phase.DISMISSED)
        if self.value() == "all" or over:
            return queryset
        return queryset.exclude(phase__in=(Phase.CLOSED, Phase.DISMISSED))


class MineFilter(ChoiceFilter):
    """Those that the person who looks commands."""

    title = "commander"
    parameter_name = "mine"
    first = "Anybody"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """One's own."""
        return [("1", "Me")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Incident]) -> QuerySet[Incident]:
        """One's own."""
        return queryset.filter(commander_id=request.user.pk) if self.value() else queryset


class PhaseFilter(ChoiceFilter):
    """One phase."""

    title = "phase"
    parameter_name = "phase"
    first = "Any"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The phases and the two ways in which it is over."""
        return list(Phase.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Incident]) -> QuerySet[Incident]:
        """Those in that phase."""
        return queryset.filter(phase=self.value()) if self.value() else queryset


class SeverityFilter(ChoiceFilter):
    """One severity."""

    title = "severity"
    parameter_name = "severity"
    first = "Any"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The four."""
        return [(str(n), f"SEV-{n}") for n in (1, 2, 3, 4)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Incident]) -> QuerySet[Incident]:
        """Those of that severity."""
        value = self.value() or ""
        return queryset.filter(severity=int(value)) if value in {"1", "2", "3", "4"} else queryset
