"""The list of incidents: what its columns read, and what it says of two that share a system."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.contrib.admin.views.main import ORDER_VAR, SEARCH_VAR
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest

from cases import queries
from cases.admin.found import FoundList
from cases.admin.incident_filters import FILTERS
from cases.models import Deadline, Incident
from cases.models.deadline import LABELS
from incidentdesk.kernel import clocks, desk

COLUMNS = (
    "reference",
    "title",
    "severity",
    "phase",
    "dismissal",
    "opened_at",
    "over_at",
    "is_exercise",
    "is_restricted",
    "commander__name",
    "commander__email",
)


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
    label = LABELS.get(incident.next_due_kind, "")
    span = clocks.words(due - now)
    if due <= now:
        return f"{label}: {span} late", "bad"
    return f"{label} in {span}", "warn" if (due - now).total_seconds() < 900 else ""


class IncidentList(FoundList):
    """The page: its rows, what they share, and what the form above them says."""

    def get_queryset(self, request: HttpRequest, *args: Any, **kwargs: Any) -> QuerySet[Any]:
        """Only the columns that a row shows: a page of rows is read on every look at the desk."""
        found = super().get_queryset(request, *args, **kwargs)
        return found.select_related(None).select_related("commander").only(*COLUMNS)

    is_cut = False  # the words are in so many that only the newest were looked at

    def get_results(self, request: HttpRequest) -> None:
        """Each row also knows the systems that it shares with another open incident."""
        super().get_results(request)
        self.is_cut = getattr(request, "_search_is_cut", False)
        shares: dict[int, list[str]] = defaultdict(list)
        for name, incidents in queries.shared_systems(desk.actor(request)).items():
            for incident in incidents:
                shares[incident.pk].append(name)
        for row in self.result_list:
            row.shares = shares.get(row.pk, [])

    @property
    def columns(self) -> list[dict[str, Any]]:
        """The columns with their sort links. The theme's own table costs twice as much to draw."""
        order = self.get_ordering_field_columns()
        found = []
        for place, name in enumerate(self.list_display):
            if name == "action_checkbox":
                continue
            sorts = bool(self.get_ordering_field(name))
            turn = "-" if order.get(place) == "asc" else ""
            found.append(
                {
                    "label": getattr(self.model_admin, name).short_description,
                    "url": self.get_query_string({ORDER_VAR: f"{turn}{place}"}) if sorts else "",
                    "sorted": order.get(place, ""),
                }
            )
        return found

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows with a cell for each column."""
        names = [name for name in self.list_display if name != "action_checkbox"]
        shown = [
            (name in self.list_display_links, getattr(self.model_admin, name)) for name in names
        ]
        labels = [cell.short_description for _, cell in shown]
        return [
            {
                "pk": row.pk,
                "url": row.url,
                "title": str(row),
                "cells": [
                    (label, is_link, cell(row))
                    for label, (is_link, cell) in zip(labels, shown, strict=True)
                ],
            }
            for row in self.result_list
        ]

    @property
    def keep(self) -> str:
        """The same, for the dialog that keeps it."""
        return urlencode({"query": self.asked})

    @property
    def all_url(self) -> str:
        """The same, also among what is over."""
        return str(self.get_query_string({"show": "all"}))


def asked_only(query: str) -> str:
    """Of an address, what the list itself can be asked for."""
    names = {spec.parameter_name for spec in FILTERS} | {SEARCH_VAR, ORDER_VAR}
    return urlencode(sorted((k, v) for k, v in parse_qsl(query) if k in names))
