"""Incidents on the desk: the list, the page, and the buttons that open dialogs."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import mark_safe

from cases import queries, search
from cases.admin import incident_filters, incident_list, incident_page
from cases.admin.dialogs import command, evaluation, moves, partners, response, views
from cases.admin.incident_views import IncidentViews
from cases.models import Incident, Phase, SavedView
from incidentdesk.kernel import clocks
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.desk import actor

NOBODY = mark_safe('<span class="desk"><span class="warn">nobody yet</span></span>')


@admin.register(Incident)
class IncidentAdmin(IncidentViews):
    """Newest first; open ones unless all are asked for."""

    page_template = "admin/cases/incident/page.html"
    list_display = ("severity_badge", "name", "phase_label", "commander_name", "age", "next_clock")
    list_display_links = ("name",)
    list_filter = incident_filters.FILTERS
    sortable_by = ("severity_badge", "age")  # what an index answers, whatever else is asked
    search_fields = ("title",)  # and the rest that cases.search reads
    change_list_template = "admin/cases/incident/list.html"
    list_select_related = ("commander",)
    list_actions: ClassVar = (evaluation.DECLARE, views.SAVE_VIEW, views.FORGET_VIEW)
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
            now=clocks.now(),
        )

    def get_changelist(
        self, request: HttpRequest, **kwargs: Any
    ) -> type[incident_list.IncidentList]:
        """With what its rows share."""
        return incident_list.IncidentList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Incident], search_term: str
    ) -> tuple[QuerySet[Incident], bool]:
        """By all that was written about it."""
        if not search_term.strip():
            return queryset, False
        found, is_cut = search.narrow(queryset, search_term)
        request._search_is_cut = is_cut  # type: ignore[attr-defined]
        return found, False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list, below this person's own views of it."""
        mine = SavedView.objects.filter(user=actor(request).user_id)
        return super().changelist_view(request, {"views": mine, **(extra_context or {})})

    @admin.display(description="Severity", ordering="severity")
    def severity_badge(self, incident: Incident) -> str:
        """As on every page."""
        return format_html(
            '<span class="desk badge s{}">SEV-{}</span>', incident.severity, incident.severity
        )

    @admin.display(description="Incident")
    def name(self, incident: Incident) -> str:
        """Title, with the reference below, and the systems that another open one shares."""
        shares = ", ".join(getattr(incident, "shares", []))
        mark = format_html(' <span class="chip warn">shares {}</span>', shares) if shares else ""
        return format_html(
            '<span class="desk"><span class="who">{}</span><small>{}</small>{}</span>',
            incident.title,
            incident.reference,
            mark,
        )

    @admin.display(description="Phase")
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

    @admin.display(description="Next deadline")
    def next_clock(self, incident: Incident) -> str:
        """The deadline that is due next."""
        words, colour = incident_list.due_words(incident, clocks.now())
        return format_html('<span class="desk"><span class="nw {}">{}</span></span>', colour, words)
