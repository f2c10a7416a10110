"""Open tasks of open incidents, across all of them. Reads only; a task ends on its incident."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import F, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html

from cases import queries
from cases.admin.filters import ChoiceFilter
from cases.models import Task
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.desk import DeskAdmin


class WhoseFilter(ChoiceFilter):
    """Those of incidents that the person commands, on request."""

    title = "incidents"
    parameter_name = "mine"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """One's own."""
        return [("1", "That I command")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Task]) -> QuerySet[Task]:
        """Those of one's own incidents."""
        if not self.value():
            return queryset
        return queryset.filter(incident__commander_id=request.user.pk)


@admin.register(Task)
class TaskAdmin(DeskAdmin):
    """What is to be done now: tasks of the phase that their incident is in."""

    list_display = ("severity_badge", "name", "phase_label", "incident_name", "commander")
    list_display_links = ("name",)
    list_filter = (WhoseFilter, "phase")
    search_fields = ("text", "incident__reference")
    search_help_text = "Task or incident"
    ordering = ("incident__severity", "-incident__opened_at", "position", "id")

    def visible(self, by: Actor) -> QuerySet[Task]:
        """Open tasks whose phase is the present one."""
        return (
            queries.tasks_visible_to(by)
            .filter(state=Task.State.OPEN, phase=F("incident__phase"))
            .select_related("incident__commander")
        )

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """A task has no page of its own; it stands on its incident's."""
        task = self.get_object(request, object_id)
        if task is None:
            raise Http404
        return redirect(f"{task.incident.url}?tab=tasks")

    @admin.display(description="Severity", ordering="incident__severity")
    def severity_badge(self, task: Task) -> str:
        """Of its incident."""
        number = task.incident.severity
        return format_html('<span class="desk badge s{}">SEV-{}</span>', number, number)

    @admin.display(description="Task")
    def name(self, task: Task) -> str:
        """What is to be done, and what it needs."""
        flags = (
            (task.needs_evidence, "evidence"),
            (task.needs_second_person, "second person"),
            (task.is_partner_facing, "partner"),
        )
        needs = " · ".join(words for flag, words in flags if flag)
        return format_html(
            '<span class="desk"><span class="who">{}</span><small>{}</small></span>',
            task.text,
            needs,
        )

    @admin.display(description="Phase")
    def phase_label(self, task: Task) -> str:
        """In words."""
        return str(task.get_phase_display())

    @admin.display(description="Incident")
    def incident_name(self, task: Task) -> str:
        """Its incident."""
        return str(task.incident)

    @admin.display(description="Commander")
    def commander(self, task: Task) -> str:
        """Who leads that incident."""
        return str(task.incident.commander or "nobody yet")
