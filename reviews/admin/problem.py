"""Problem records: the list, the page, and what came again and is in none yet."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Case, Count, IntegerField, OuterRef, QuerySet, Subquery, When
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.html import format_html

from cases import queries as incidents
from incidentdesk.kernel import access, clocks
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.desk import DeskAdmin, actor, note_reading
from reviews import recurrence
from reviews.admin.dialogs import problems
from reviews.models import Problem, ProblemIncident


@admin.register(Problem)
class ProblemAdmin(DeskAdmin):
    """What is not resolved first, the newest on top."""

    page_template = "admin/reviews/problem/page.html"
    change_list_template = "admin/reviews/problem/list.html"
    list_display = ("name", "state", "owner_name", "held", "opened_on")
    list_display_links = ("name",)
    list_filter = (("state", admin.ChoicesFieldListFilter),)
    search_fields = ("title", "reference", "cause")
    search_help_text = "Title, reference or cause"
    list_actions: ClassVar = (problems.RECORD, problems.ASIDE)
    desk_actions: ClassVar = (
        problems.UNDERSTAND,
        problems.ADD,
        problems.TAKE_OUT,
        problems.RESOLVE,
        problems.REOPEN,
    )

    def visible(self, by: Actor) -> QuerySet[Any]:
        """Those that hold an incident which this person may read, with how many of these."""
        seen = ProblemIncident.objects.filter(
            problem=OuterRef("pk"), incident__in=incidents.visible_to(by)
        )
        counted = seen.order_by().values("problem").annotate(n=Count("pk")).values("n")
        rank = Case(
            When(state=Problem.State.RESOLVED, then=1), default=0, output_field=IntegerField()
        )
        count = Coalesce(Subquery(counted, output_field=IntegerField()), 0)
        return recurrence.problems_visible_to(by).annotate(rank=rank, held_count=count)

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        """Open ones first."""
        return ("rank", "-opened_at", "-id")

    def get_urls(self) -> list[URLPattern]:
        """What came again, before the admin's own addresses."""
        again = self.admin_site.admin_view(self.again)
        return [path("again/", again, name="reviews_problem_again"), *super().get_urls()]

    def again(self, request: HttpRequest) -> HttpResponse:
        """Incidents of one category on one system within six months that nobody has looked at."""
        by, at = actor(request), clocks.now()
        if request.method != "GET" or not access.allows(by, Permission.INCIDENT_READ):
            raise Http404
        note_reading(request, Problem(), request.path)
        found = recurrence.unassessed(by, at=at)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "What came again",
            "found": recurrence.with_incidents(found, by, at=at),
            "may_write": access.allows(by, Permission.PLAN_WRITE),
        }
        return TemplateResponse(request, "admin/reviews/problem/again.html", context)

    def page_context(self, request: HttpRequest, obj: Problem) -> dict[str, Any]:
        """The problem and those of its incidents that this person may read."""
        members = recurrence.members_of(obj, actor(request))
        return {"problem": obj, "members": list(members)}

    @admin.display(description="Problem", ordering="title")
    def name(self, problem: Problem) -> str:
        """Title, with the reference below."""
        return format_html(
            '<span class="desk"><span class="who">{}</span><small>{}</small></span>',
            problem.title,
            problem.reference,
        )

    @admin.display(description="Owner", ordering="owner__name")
    def owner_name(self, problem: Problem) -> str:
        """Who finds the cause."""
        return str(problem.owner)

    @admin.display(description="Incidents", ordering="held_count")
    def held(self, problem: Any) -> int:
        """How many that one may read."""
        return int(problem.held_count)

    @admin.display(description="Since", ordering="opened_at")
    def opened_on(self, problem: Problem) -> str:
        """The day."""
        return f"{problem.opened_at:%-d %b %Y}"
