"""Incidents on the desk: the list, the page, and the buttons that open dialogs."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import mark_safe

from cases import queries
from cases.admin import incident_list, incident_page
from cases.admin.dialogs import command, evaluation, moves, partners, response
from cases.admin.dialogs import timeline as entries
from cases.models import Incident, Phase
from incidentdesk.kernel import clocks
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.desk import DeskAdmin, actor

NOBODY = mark_safe('<span class="desk"><span class="warn">nobody yet</span></span>')


@admin.register(Incident)
class IncidentAdmin(DeskAdmin):
    """Newest first; open ones unless all are asked for."""

    page_template = "admin/cases/incident/page.html"
    list_display = ("severity_badge", "name", "phase_label", "commander_name", "age", "next_clock")
    list_display_links = ("name",)
    list_filter = (
        incident_list.ShownFilter,
        incident_list.MineFilter,
        incident_list.SeverityFilter,
        incident_list.PhaseFilter,
        "category",
    )
    search_fields = ("title", "reference")
    search_help_text = "Title or reference"
    list_select_related = ("commander",)
    list_actions: ClassVar = (evaluation.DECLARE,)
    desk_actions: ClassVar = (
        command.ACKNOWLEDGE,
        response.POST_UPDATE,
        partners.DRAFT_NOTICE,
        command.PAGE,
        command.TAKE_COMMAND,
        moves.TO_CONTAINMENT,
        moves.TO_MITIGATION,
        moves.TO_RECOVERY,
        evaluation.EVALUATE,
        evaluation.OVERRIDE,
        response.ADD_SYSTEM,
        response.ISOLATE,
        response.RESTORE,
        response.ADD_TASK,
        response.END_TASKS,
        response.RECORD_CAUSE,
        response.RECOVERED,
        response.CLEAR_ALERTS,
        command.SIGN,
        partners.ADD_PARTNER,
        partners.EDIT_INVOLVEMENT,
        partners.DISCLOSE,
        moves.STEP_BACK,
        moves.DISMISS,
        moves.REOPEN,
        entries.CORRECT,
        entries.BLANK,
    )

    def visible(self, by: Actor) -> QuerySet[Incident]:
        """The incidents that this person may read."""
        return queries.visible_to(by)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Incident]:
        """With what the list and the page name, in the same query."""
        found = (
            super()
            .get_queryset(request)
            .select_related("category", "commander", "acknowledged_by", "duplicate_of")
        )
        return incident_list.with_next_deadline(found)

    def page_context(self, request: HttpRequest, obj: Incident) -> dict[str, Any]:
        """Everything that the page shows."""
        return incident_page.build(
            obj,
            by=actor(request),
            buttons=self.buttons(request, obj),
            chosen=request.GET.get("tab", ""),
            before=request.GET.get("before", ""),
            kind=request.GET.get("kind", ""),
            now=clocks.now(),
        )

    @admin.display(description="Severity", ordering="severity")
    def severity_badge(self, incident: Incident) -> str:
        """As on every page."""
        return format_html(
            '<span class="desk badge s{}">SEV-{}</span>', incident.severity, incident.severity
        )

    @admin.display(description="Incident")
    def name(self, incident: Incident) -> str:
        """Title, with the reference below."""
        return format_html(
            '<span class="desk"><span class="who">{}</span><small>{}</small></span>',
            incident.title,
            incident.reference,
        )

    @admin.display(description="Phase", ordering="phase")
    def phase_label(self, incident: Incident) -> str:
        """In words."""
        if incident.phase == Phase.DISMISSED:
            return f"Dismissed ({incident.get_dismissal_display()})"
        return str(incident.get_phase_display())

    @admin.display(description="Commander")
    def commander_name(self, incident: Incident) -> str:
        """Who leads it."""
        if incident.commander:
            return str(incident.commander)
        return NOBODY

    @admin.display(description="Age", ordering="opened_at")
    def age(self, incident: Incident) -> str:
        """How long it has been open, or was."""
        if incident.over_at:
            return f"took {clocks.words(incident.over_at - incident.opened_at)}"
        return clocks.words(clocks.now() - incident.opened_at)

    @admin.display(description="Next clock", ordering="next_due_at")
    def next_clock(self, incident: Incident) -> str:
        """The deadline that is due next."""
        words, colour = incident_list.due_words(incident, clocks.now())
        return format_html('<span class="desk"><span class="nw {}">{}</span></span>', colour, words)
