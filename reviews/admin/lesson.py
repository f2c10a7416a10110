"""Lessons of all reviews: to be read and searched, and seen again when the same kind comes."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join

from cases import queries as incidents
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.desk import DeskAdmin, actor, note_reading
from reviews import lessons, queries, recurrence
from reviews.admin.filters import LessonControlFilter, LessonSystemFilter, TagFilter
from reviews.models import Lesson


@admin.register(Lesson)
class LessonAdmin(DeskAdmin):
    """Newest first. A lesson's page is the review that it comes from."""

    list_display = ("words", "tag_chips", "category_name", "incident_link", "added_on")
    list_display_links = ("words",)
    list_filter = ("category", LessonSystemFilter, LessonControlFilter, TagFilter)
    search_fields = ("text",)  # and the rest that `lessons.search` reads
    search_help_text = "Words, tags or an incident"

    def visible(self, by: Actor) -> QuerySet[Lesson]:
        """The lessons of the incidents that this person may read."""
        return queries.lessons_visible_to(by).prefetch_related("systems")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Lesson], search_term: str
    ) -> tuple[QuerySet[Lesson], bool]:
        """By the words of the lesson and its tags, or the reference or title of its incident."""
        asked = search_term.strip()
        if not asked:
            return queryset, False
        held = lessons.search(Lesson.objects.order_by(), asked).values("pk")
        named = Q(review__incident__reference__icontains=asked)
        named |= Q(review__incident__title__icontains=asked)
        return queryset.filter(Q(pk__in=held) | named), False

    def get_urls(self) -> list[URLPattern]:
        """What an incident's page loads of lessons and recurrences."""
        seen = self.admin_site.admin_view(self.seen)
        return [
            path("seen/<int:incident_id>/", seen, name="reviews_lesson_seen"),
            *super().get_urls(),
        ]

    def seen(self, request: HttpRequest, incident_id: int) -> HttpResponse:
        """A part of an incident's page: what earlier ones taught, while it is open, and whether it
        came again."""
        by = actor(request)
        incident = incidents.visible_to(by).select_related("category").filter(pk=incident_id)
        if request.method != "GET" or (found := incident.first()) is None:
            raise Http404
        note_reading(request, found)
        again = list(recurrence.like(found, by)[: recurrence.MOST])
        problem = recurrence.problem_of(found, by)
        may = access.allows(by, Permission.PLAN_WRITE) and bool(again) and problem is None
        known = {row.problem_member.problem for row in again if hasattr(row, "problem_member")}
        joined = sorted((one for one in known if one.is_open), key=lambda one: one.reference)
        context = {
            "incident": found,
            "lessons": lessons.seen_before(found, by) if found.is_open else [],
            "again": again,
            "problem": problem,
            "may_record": may and not joined,
            "may_join": joined if may else [],
        }
        return TemplateResponse(request, "admin/reviews/lesson/seen.html", context)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """On to its review."""
        lesson = self.get_object(request, object_id)
        if lesson is None:
            raise Http404
        return redirect(reverse("admin:reviews_review_change", args=[lesson.review_id]))

    @admin.display(description="Lesson")
    def words(self, lesson: Lesson) -> str:
        """The lesson itself, and the systems on which it is shown again."""
        systems = ", ".join(row.name for row in lesson.systems.all())
        return format_html(
            '<span class="desk lesson">{}{}</span>',
            lesson.text,
            format_html("<br><small>{}</small>", systems) if systems else "",
        )

    @admin.display(description="Tags")
    def tag_chips(self, lesson: Lesson) -> str:
        """By which it is found."""
        return format_html_join(
            " ", '<span class="desk chip">{}</span>', ((t,) for t in lesson.tags)
        )

    @admin.display(description="Category", ordering="category__name")
    def category_name(self, lesson: Lesson) -> str:
        """Its own, that of its incident unless somebody chose another."""
        return str(lesson.category or "—")

    @admin.display(description="Incident", ordering="review__incident__opened_at")
    def incident_link(self, lesson: Lesson) -> str:
        """Where it comes from."""
        incident = lesson.review.incident
        return format_html(
            '<span class="desk"><a class="chip" href="{}">{}</a></span>',
            incident.url,
            incident.reference,
        )

    @admin.display(description="Written", ordering="added_at")
    def added_on(self, lesson: Lesson) -> str:
        """The day."""
        return f"{lesson.added_at:%-d %b %Y}"
