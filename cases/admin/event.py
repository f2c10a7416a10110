"""Raw deliveries on the desk: what each source sent, word for word, and what became of it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from cases import queries
from cases.admin.page import moments
from cases.models import Event
from incidentdesk.kernel import clocks
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.desk import DeskAdmin

COLOURS = {"refused": "bad", "pending": "warn", "done": "ok"}


@admin.register(Event)
class EventAdmin(DeskAdmin):
    """Newest first; refused ones say why."""

    page_template = "admin/cases/event/page.html"
    list_display = ("received", "source", "outcome_label", "said", "incident_link")
    list_display_links = ("received",)
    list_filter = ("source", "outcome")
    search_fields = ("said",)

    def visible(self, by: Actor) -> QuerySet[Event]:
        """The deliveries that this person may read."""
        return queries.events_visible_to(by).select_related("source", "incident")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        """The list does not read the bodies, which may be half a megabyte each."""
        return super().get_queryset(request).defer("body")

    def page_context(self, request: HttpRequest, obj: Event) -> dict[str, Any]:
        """The delivery as it came."""
        return {
            "object": obj,
            "event": obj,
            "received": moments.short(obj.received_at, clocks.now()),
            "colour": COLOURS.get(obj.outcome, ""),
        }

    @admin.display(description="Received", ordering="id")
    def received(self, event: Event) -> str:
        """When it came."""
        return f"{event.received_at:%-d %b %Y %H:%M:%S}"

    @admin.display(description="Outcome", ordering="outcome")
    def outcome_label(self, event: Event) -> str:
        """In words, coloured."""
        return format_html(
            '<span class="desk"><span class="{}">{}</span></span>',
            COLOURS.get(event.outcome, ""),
            event.get_outcome_display(),
        )

    @admin.display(description="Incident")
    def incident_link(self, event: Event) -> str:
        """The incident that it opened or joined."""
        if event.incident is None:
            return "—"
        return format_html(
            '<span class="desk"><a href="{}">{}</a></span>',
            event.incident.url,
            event.incident.reference,
        )
