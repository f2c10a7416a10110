"""Alerts on the desk: what fires and what fired. Reads only; sources open and clear them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from cases import queries
from cases.admin.filters import ChoiceFilter
from cases.admin.page import moments
from cases.models import Alert
from incidentdesk.kernel import clocks
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.desk import DeskAdmin


class FiringFilter(ChoiceFilter):
    """Those that fire, unless cleared ones or all are asked for."""

    title = "state"
    parameter_name = "state"
    first = "Firing"
    looked_at = "only those that fire"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """What does not fire any more."""
        return [("cleared", "Cleared"), ("all", "All")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Alert]) -> QuerySet[Alert]:
        """Those in the state."""
        if self.value() == "all":
            return queryset
        return queryset.filter(resolved_at__isnull=self.value() != "cleared")


@admin.register(Alert)
class AlertAdmin(DeskAdmin):
    """One line an alert, however often it was repeated."""

    page_template = "admin/cases/alert/page.html"
    list_display = ("name", "incident_link", "count", "first", "last", "state_label")
    list_display_links = ("name",)
    list_filter = (FiringFilter, "source")
    search_fields = ("title", "external_key")
    search_help_text = "Title or key"

    def visible(self, by: Actor) -> QuerySet[Alert]:
        """The alerts that this person may read."""
        return queries.alerts_visible_to(by).select_related("source", "incident")

    def page_context(self, request: HttpRequest, obj: Alert) -> dict[str, Any]:
        """The labels in order."""
        return {"object": obj, "alert": obj, "labels": sorted(obj.labels.items())}

    @admin.display(description="Alert")
    def name(self, alert: Alert) -> str:
        """Its title, with the source below."""
        return format_html(
            '<span class="desk"><span class="who">{}</span><small>{}</small></span>',
            alert.title,
            alert.source,
        )

    @admin.display(description="Incident")
    def incident_link(self, alert: Alert) -> str:
        """The incident that it belongs to."""
        return format_html(
            '<span class="desk"><a href="{}">{}</a></span>',
            alert.incident.url,
            alert.incident.reference,
        )

    @admin.display(description="First", ordering="first_at")
    def first(self, alert: Alert) -> str:
        """When it began."""
        return moments.short(alert.first_at, clocks.now())

    @admin.display(description="Last", ordering="last_at")
    def last(self, alert: Alert) -> str:
        """When it was heard of last."""
        return moments.short(alert.last_at, clocks.now())

    @admin.display(description="State", ordering="resolved_at")
    def state_label(self, alert: Alert) -> str:
        """Whether it fires."""
        colour, words = ("ok", "cleared") if alert.resolved_at else ("bad", "firing")
        return format_html('<span class="desk"><span class="{}">{}</span></span>', colour, words)
