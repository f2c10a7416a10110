"""Tasks across all incidents: one's own first; what is overdue, then what is due, then the rest."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Case, Q, QuerySet, Value, When
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from cases import queries
from cases.admin.dialogs import tasks as dialogs
from cases.admin.filters import ChoiceFilter
from cases.admin.page import moments
from cases.admin.page import tasks as page
from cases.models import Incident, Task
from cases.models.incident import STEPS
from incidentdesk.kernel import clocks
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.desk import DeskAdmin, actor

CHOICES = 50  # incidents that the filter offers


class WhoseFilter(ChoiceFilter):
    """What is to be done now, one's own first; or a part of it."""

    title = "tasks"
    parameter_name = "whose"
    first = "All open, mine first"
    looked_at = "only open ones whose phase has come"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The parts."""
        return [
            ("mine", "Mine"),
            ("nobody", "Nobody’s"),
            ("confirm", "Waiting for a second person"),
            ("all", "All, ended and later ones too"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Task]) -> QuerySet[Task]:
        """Open tasks whose phase has come, or that somebody owns; what waits for a second person.

        A task of a later phase is nobody's yet: it stands on its incident.
        """
        by = actor(request)
        if self.value() == "all":
            return queryset
        if self.value() == "confirm":
            return queryset.filter(pk__in=queries.tasks_to_confirm(by).values("pk"))
        if self.value() == "mine":
            return queryset.filter(pk__in=queries.tasks_of(by).values("pk"))
        shown = queryset.filter(state=Task.State.OPEN)
        if self.value() == "nobody":
            return shown.filter(_has_come(), owner=None)
        return shown.filter(_has_come() | Q(owner__isnull=False))


def _has_come() -> Q:
    """The incident is in the task's phase, or past it."""
    found = Q()
    for number, phase in enumerate(STEPS[1:4], start=1):
        found |= Q(phase=phase.value, incident__phase__in=[step.value for step in STEPS[number:]])
    return found


class IncidentFilter(ChoiceFilter):
    """One incident."""

    title = "incident"
    parameter_name = "incident"
    first = "Any"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The open ones, the worst first."""
        rows = queries.visible_to(actor(request)).open().order_by("severity", "-opened_at")
        found = rows.values_list("pk", "reference", "title")[:CHOICES]
        return [(str(pk), f"{reference} {title}"[:60]) for pk, reference, title in found]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Task]) -> QuerySet[Task]:
        """Those of that incident."""
        value = self.value() or ""
        is_number = value.isdecimal() and len(value) < 19
        return queryset.filter(incident_id=int(value)) if is_number else queryset


@admin.register(Task)
class TaskAdmin(DeskAdmin):
    """Tasks of incidents that are not over; the buttons of a task work here and on its incident."""

    list_display = ("name", "owner_name", "due", "incident_name")
    list_display_links = ("name",)
    list_filter = (WhoseFilter, "phase", IncidentFilter)
    search_fields = ("text", "incident__reference", "incident__title")
    search_help_text = "Task or incident"
    desk_actions: ClassVar = (
        dialogs.DONE,
        dialogs.CONFIRM,
        dialogs.ASSIGN,
        dialogs.WAIVE,
        dialogs.REOPEN,
    )

    def visible(self, by: Actor) -> QuerySet[Task]:
        """The tasks that this person may read, in incidents that are not over."""
        found = queries.tasks_in_progress(by).select_related("incident")
        someones = Case(When(owner_id=by.user_id, then=Value(0)), default=Value(1))
        return page.with_evidence(found.annotate(turn=someones))  # type: ignore[no-any-return]

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """One's own, then by time, then as bad as their incident is."""
        return ("turn", "due_at", "incident__severity", "-incident__opened_at", "position", "id")

    def page_url(self, obj: Any) -> str:
        """A task has no page of its own; it stands on its incident's."""
        return f"{obj.incident.url}?tab=tasks#task-{obj.pk}"

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The way to its incident."""
        task = self.get_object(request, object_id)
        if task is None:
            raise Http404
        return redirect(self.page_url(task))

    def get_list_display(self, request: HttpRequest) -> Any:
        """The columns, with the buttons that this person has."""

        def ways(task: Task) -> SafeString:
            return _ways(task, actor(request))

        ways.short_description = "do"  # type: ignore[attr-defined]
        return (*self.list_display, ways)

    @admin.display(description="Task")
    def name(self, task: Task) -> str:
        """What is to be done, in which phase, and what it needs."""
        marks = (
            (True, task.get_phase_display()),
            (task.needs_evidence, "evidence"),
            (task.needs_second_person, "second person"),
            (task.is_partner_facing, "partner"),
        )
        return format_html(
            '<span class="desk"><span class="who">{}</span><small>{}</small></span>',
            task.text,
            " · ".join(words for is_marked, words in marks if is_marked),
        )

    @admin.display(description="Owner")
    def owner_name(self, task: Task) -> str:
        """Whose it is."""
        return str(task.owner) if task.owner else "nobody yet"

    @admin.display(description="Due", ordering="due_at")
    def due(self, task: Task) -> str:
        """Until when, red when that is over; or who did it."""
        now = clocks.now()
        if task.state != Task.State.OPEN:
            return f"{task.get_state_display()} by {task.ended_by}"
        if task.due_at is None:
            return "—"
        late = task.due_at < now
        words = moments.short(task.due_at, now)
        return format_html(
            '<span class="desk"><span class="nw {}">{}</span></span>',
            "bad" if late else "",
            f"{words}, {clocks.words(now - task.due_at)} late" if late else words,
        )

    @admin.display(description="Incident", ordering="incident__severity")
    def incident_name(self, task: Task) -> str:
        """Its incident, as bad as that is."""
        incident: Incident = task.incident
        return format_html(
            '<span class="desk"><span class="badge s{}">SEV-{}</span> {}'
            '<small class="who">{} · {}</small></span>',
            incident.severity,
            incident.severity,
            incident.title,
            incident.reference,
            incident.get_phase_display(),
        )


def _ways(task: Task, by: Actor) -> SafeString:
    """Buttons of the row; each comes back to this list."""
    shown = page.row(task, by=by, now=clocks.now()).ways
    links = format_html_join(
        "",
        '<a href="{}?stay=on" data-dialog aria-label="{}: {}">{}</a>',
        ((way.url, way.label, task.text, way.label) for way in shown if way.label != "Waive"),
    )
    return format_html('<span class="desk"><span class="ways">{}</span></span>', links)
