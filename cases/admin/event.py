"""Raw deliveries on the desk: what each source sent, word for word, and what became of it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from cases import queries
from cases.admin.filters import ChoiceFilter
from cases.admin.page import moments
from cases.models import Event
from incidentdesk.kernel import clocks
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.desk import DeskAdmin

OFTEN = 5  # from here on one try an hour
COLOURS = {"refused": "bad", "pending": "warn", "done": "ok"}


class WaitingFilter(ChoiceFilter):
    """Those that wait to be opened, and of these the ones that keep failing."""

    title = "waiting"
    parameter_name = "waiting"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """All that wait, or those that the worker could not open again and again."""
        return [("1", "Waits to be opened"), ("long", f"Tried {OFTEN} times or more")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        """Those that were asked for."""
        if not self.value():
            return queryset
        waiting = queryset.filter(outcome=Event.Outcome.PENDING)
        return waiting.filter(attempts__gte=OFTEN) if self.value() == "long" else waiting


@admin.register(Event)
class EventAdmin(DeskAdmin):
    """Newest first; refused ones say why."""

    page_template = "admin/cases/event/page.html"
    list_display = ("received", "source", "outcome_label", "said", "incident_link")
    list_display_links = ("received",)
    list_filter = (WaitingFilter, "source", "outcome")
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
            "tries": _tries(obj),
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


def _tries(event: Event) -> str:
    """How often what waits was tried, and when it is tried next."""
    if event.outcome != Event.Outcome.PENDING:
        return ""
    now = clocks.now()
    later = event.next_try_at if event.next_try_at and event.next_try_at > now else None
    when = f"at {moments.short(later, now)}" if later else "within seconds"
    if not event.attempts:
        return f"The next try is {when}."
    times = "once" if event.attempts == 1 else f"{event.attempts} times"
    return f"Tried {times} without success; the next try is {when}."
