"""Reportable incidents: the regulators' clocks of all of them, and what was submitted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import F, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html

from cases import queries
from cases.admin.filters import ChoiceFilter
from cases.admin.page import clocks as shown
from cases.admin.page import moments
from cases.models import Regime, RegulatoryClock
from cases.regulation.clocks import OURS
from incidentdesk.kernel import clocks, keyset, sheets
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.taken import TakenAdmin
from partners.models import Partner

HEADINGS = (
    "incident",
    "title",
    "severity",
    "party",
    "regime",
    "clock",
    "report",
    "source",
    "counts from (UTC)",
    "due at (UTC)",
    "outcome",
    "sent at (UTC)",
    "reference",
    "reason",
    "recorded at (UTC)",
    "recorded by",
)


class ShownFilter(ChoiceFilter):
    """Open ones, unless others are asked for."""

    title = "clocks"
    parameter_name = "shown"
    first = "Open"
    looked_at = "only open ones"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """What else there is."""
        return [("late", "Late"), ("recorded", "With an outcome"), ("all", "All")]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[RegulatoryClock]
    ) -> QuerySet[RegulatoryClock]:
        """Those that are asked for; what was sent late, or not at all, is late too."""
        value, now = self.value(), clocks.now()
        if value == "all":
            return queryset
        if value == "recorded":
            return queryset.exclude(outcome="")
        if value == "late":
            late = Q(outcome="", due_at__lt=now) | Q(met_at__gt=F("due_at"))
            return queryset.filter(late | Q(outcome=RegulatoryClock.Outcome.NOT_SENT))
        return queryset.filter(outcome="")


class RegimeFilter(ChoiceFilter):
    """One regime."""

    title = "regime"
    parameter_name = "regime"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """All there are."""
        return list(Regime.objects.values_list("code", "name"))

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[RegulatoryClock]
    ) -> QuerySet[RegulatoryClock]:
        """Those of that regime."""
        return queryset.filter(rule__regime__code=self.value()) if self.value() else queryset


class PartyFilter(ChoiceFilter):
    """Us, or one partner."""

    title = "party"
    parameter_name = "party"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Us, and the partners that a regime binds."""
        bound = Partner.objects.exclude(terms__regimes=[]).order_by("name")
        return [("us", OURS), *bound.values_list("code", "name")]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[RegulatoryClock]
    ) -> QuerySet[RegulatoryClock]:
        """Those of that party."""
        if self.value() == "us":
            return queryset.filter(involvement=None)
        return (
            queryset.filter(involvement__partner__code=self.value()) if self.value() else queryset
        )


@admin.register(RegulatoryClock)
class RegulatoryClockAdmin(TakenAdmin):
    """What is due first on top; exercises are out. Each stands on its incident's page."""

    list_title = "Reportable incidents"
    taken_as, file_name = "reportable incidents", "reportable-incidents"
    change_list_template = "admin/cases/regulatoryclock/list.html"
    list_display = ("report", "party", "due", "state_words", "submission", "incident_link")
    list_display_links = ("report",)
    list_filter = (ShownFilter, RegimeFilter, PartyFilter)
    search_fields = ("incident__reference", "incident__title", "rule__key", "reference")
    search_help_text = "Incident, clock or the authority's reference"
    ordering = ("due_at", "id")

    def visible(self, by: Actor) -> QuerySet[RegulatoryClock]:
        """The clocks of the incidents that this person may read."""
        return queries.clocks_visible_to(by).select_related(
            "incident", "involvement__partner", "rule__regime", "recorded_by"
        )

    def page_url(self, obj: Any) -> str:
        """It has no page of its own; it stands on its incident's."""
        return f"{obj.incident.url}?tab=clocks"

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """On to the incident."""
        obj = self.get_object(request, object_id)
        if obj is None or request.method not in ("GET", "HEAD"):
            raise Http404
        return redirect(self.page_url(obj))

    def lines(self, rows: Any) -> Iterator[str]:
        """The list as a file."""
        return _lines(rows)

    @admin.display(description="Report")
    def report(self, row: RegulatoryClock) -> str:
        """What is owed, under which rule."""
        return format_html(
            '<span class="desk"><span class="who">{}</span><small>{} · {}</small></span>',
            row.rule.title,
            row.rule.key,
            row.rule.source,
        )

    @admin.display(description="Party")
    def party(self, row: RegulatoryClock) -> str:
        """Who owes it."""
        return _party(row)

    @admin.display(description="Due", ordering="due_at")
    def due(self, row: RegulatoryClock) -> str:
        """The time, UTC."""
        return moments.short(row.due_at, clocks.now()) if row.due_at else "—"

    @admin.display(description="State")
    def state_words(self, row: RegulatoryClock) -> str:
        """In words and colour."""
        words, colour, left = shown.standing(row, clocks.now())
        text = f"{words}, {left}" if left else words
        return format_html('<span class="desk"><span class="{}">{}</span></span>', colour, text)

    @admin.display(description="Submitted")
    def submission(self, row: RegulatoryClock) -> str:
        """When, and under which reference of the authority."""
        if row.met_at is None:
            return row.reason[:80] or "—"
        when = moments.short(row.met_at, clocks.now())
        return f"{when}, {row.reference}" if row.reference else when

    @admin.display(description="Incident")
    def incident_link(self, row: RegulatoryClock) -> str:
        """Where it comes from."""
        return format_html(
            '<span class="desk"><a class="chip" href="{}">{}</a></span>',
            row.incident.url,
            row.incident.reference,
        )


def _lines(rows: QuerySet[RegulatoryClock]) -> Iterator[str]:
    """The file, line by line."""
    return sheets.lines(HEADINGS, map(_cells, keyset.walk(rows)))


def _cells(row: RegulatoryClock) -> tuple[str, ...]:
    return (
        row.incident.reference,
        row.incident.title,
        f"SEV-{row.incident.severity}",
        _party(row),
        row.rule.regime.code,
        row.rule.key,
        row.rule.title,
        row.rule.source,
        _moment(row.anchor_at),
        _moment(row.due_at),
        row.get_outcome_display() or "open",
        _moment(row.met_at),
        row.reference,
        row.reason,
        _moment(row.recorded_at),
        str(row.recorded_by or ""),
    )


def _party(row: RegulatoryClock) -> str:
    return str(row.involvement.partner) if row.involvement else OURS


def _moment(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else ""
