"""Escalations: what pages people now and what did. Reads only; one acknowledges on the incident."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.decorators import display

from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.desk import DeskAdmin
from notifications import queries
from notifications.models import Escalation

COLOURS = {"running": "warning", "acknowledged": "success"}


@admin.register(Escalation)
class EscalationAdmin(DeskAdmin):
    """One line an escalation; its page shows what each step did."""

    page_template = "admin/notifications/escalation.html"
    list_display = (
        "started_at",
        "severity",
        "reference",
        "title",
        "state_label",
        "next_action_at",
        "acknowledged_by",
    )
    list_display_links: ClassVar[Any] = ("reference", "title")
    list_filter = ("state", "severity")
    search_fields = ("reference", "title")
    ordering = ("-id",)

    def visible(self, by: Actor) -> QuerySet[Escalation]:
        """The escalations about what this person may read."""
        return queries.visible_to(by)

    @display(description="state", label=COLOURS)  # type: ignore[untyped-decorator]
    def state_label(self, escalation: Escalation) -> tuple[str, str]:
        """The state in words, coloured."""
        return escalation.state, escalation.get_state_display()

    def page_context(self, request: HttpRequest, obj: Escalation) -> dict[str, Any]:
        """The escalation and the whole story of what it is about."""
        return {"escalation": obj, "entries": queries.log(obj.about)}
