"""Incidents on the desk: the list, the page, and the buttons that open dialogs."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import mark_safe

from cases import queries, search, sight
from cases.admin import incident_filters, incident_list, incident_page
from cases.admin.dialogs import (
    bulk,
    classify,
    command,
    crew,
    drafting,
    evaluation,
    evidence,
    facts,
    fixes,
    hold,
    moves,
    partners,
    regulators,
    requests,
    resend,
    response,
    restoring,
    restriction,
    shift,
    splitting,
    systems,
    tasks,
    thread,
    times,
    views,
    waive,
)
from cases.admin.dialogs import timeline as entries
from cases.admin.evaluation_views import EvaluationViews
from cases.admin.facts_views import FactsViews
from cases.admin.incident_views import IncidentViews
from cases.models import Incident, Phase, SavedView
from incidentdesk.kernel import access, clocks, dialogs
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.desk import actor, note_reading

NOBODY = mark_safe('<span class="desk"><span class="warn">nobody yet</span></span>')  # nosec B308 -- ours

DRILL = mark_safe('<span class="chip drill">Exercise</span> ')  # nosec B308 -- ours


def _on_to(name: str, request: HttpRequest, queryset: QuerySet[Incident]) -> HttpResponse:
    """To a dialog of the list, with the incidents that were ticked, and from there back."""
    chosen: dict[str, Any] = {"incidents": list(queryset.values_list("pk", flat=True))}
    if request.GET:
        chosen[dialogs.FILTERS] = request.GET.urlencode()
    ticked = urlencode(chosen, doseq=True)
    return redirect(f"{reverse('admin:cases_incident_list_do', args=[name])}?{ticked}")


@admin.register(Incident)
class IncidentAdmin(EvaluationViews, FactsViews, IncidentViews):
    """Newest first; open ones unless all are asked for."""

    page_template = "admin/cases/incident/page.html"
    list_display = ("severity_badge", "name", "phase_label", "commander_name", "age", "next_clock")
    list_display_links = ("name",)
    list_filter = incident_filters.FILTERS
    sortable_by = ("severity_badge", "age")  # what an index answers, whatever else is asked
    search_fields = ("title",)  # and the rest that cases.search reads
    change_list_template = "admin/cases/incident/list.html"
    list_select_related = ("commander",)
    list_actions: ClassVar = (
        evaluation.DECLARE,
        *bulk.ALL,
        shift.HAND_OVER,
        views.SAVE_VIEW,
        views.FORGET_VIEW,
    )
    actions: ClassVar = ("offer_command", "dismiss_several")
    desk_actions: ClassVar = (
        command.ACKNOWLEDGE,
        response.POST_UPDATE,
        drafting.DRAFT_NOTICE,
        command.PAGE,
        resend.RESEND_OF,
        command.TAKE_COMMAND,
        moves.TO_CONTAINMENT,
        moves.TO_MITIGATION,
        moves.TO_RECOVERY,
        evaluation.EVALUATE,
        evaluation.OVERRIDE,
        *classify.ALL,
        times.CORRECT_TIME,
        systems.ADD_SYSTEM,
        systems.ISOLATE,
        systems.RESTORE,
        systems.AFFECTED_AGAIN,
        systems.DOWN,
        systems.UP_AGAIN,
        tasks.ADD_TASK,
        tasks.END_TASKS,
        response.RECORD_CAUSE,
        response.RECOVERED,
        response.CLEAR_ALERTS,
        command.SIGN,
        waive.WAIVE,
        partners.ADD_PARTNER,
        partners.EDIT_INVOLVEMENT,
        partners.DISCLOSE,
        partners.DECIDE,
        requests.ASK,
        facts.HAND_OVER,
        thread.WRITE,
        thread.NO_ANSWER,
        evidence.ADD,
        fixes.PROPOSE,
        restoring.CHECK,
        restoring.RECONCILE,
        restoring.CONFIRM,
        restoring.EXPOSURE,
        *regulators.ALL,
        moves.STEP_BACK,
        moves.DISMISS,
        moves.REOPEN,
        *crew.ALL,
        *restriction.ALL,
        *hold.ALL,
        splitting.SPLIT,
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
            .select_related(
                "category", "commander", "acknowledged_by", "playbook", "hold__placed_by"
            )
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

    def get_urls(self) -> list[URLPattern]:
        """The page that says who can see an incident."""
        wrap = self.admin_site.admin_view
        who = path("<int:object_id>/who/", wrap(self.who), name="cases_incident_who")
        return [who, *super().get_urls()]

    def who(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Everybody who can see one incident, each with the reason."""
        incident = self.get_object(request, str(object_id))
        if incident is None:
            raise Http404
        note_reading(request, incident)
        buttons = self.buttons(request, incident)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"Who can see {incident.reference}",
            "incident": incident,
            "seers": sight.seen_by(incident),
            "ways": [buttons[a.name] for a in restriction.ALL if a.name in buttons],
        }
        return TemplateResponse(request, "admin/cases/incident/who.html", context)

    def has_command_permission(self, request: HttpRequest) -> bool:
        """Who may do something to several incidents at once."""
        return access.allows(actor(request), Permission.INCIDENT_COMMAND)

    @admin.action(description="Assign a commander", permissions=["command"])
    def offer_command(self, request: HttpRequest, queryset: QuerySet[Incident]) -> HttpResponse:
        """On to the dialog, with what was ticked."""
        return _on_to("offer_command", request, queryset)

    @admin.action(description="Dismiss as false positives", permissions=["command"])
    def dismiss_several(self, request: HttpRequest, queryset: QuerySet[Incident]) -> HttpResponse:
        """On to the dialog, with what was ticked."""
        return _on_to("dismiss_several", request, queryset)

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
        found, is_cut = search.narrow(queryset, search_term, actor=actor(request))
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
        return format_html(
            '<span class="desk"><span class="who">{}{}</span><small>{}</small>{}</span>',
            DRILL if incident.is_exercise else "",
            incident.title,
            f"{incident.reference} · restricted" if incident.is_restricted else incident.reference,
            format_html(' <span class="chip warn">shares {}</span>', shares) if shares else "",
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
