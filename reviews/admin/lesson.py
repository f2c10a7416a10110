"""Lessons of all reviews: to be read and searched."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join

from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.desk import DeskAdmin
from reviews import queries
from reviews.models import Lesson


@admin.register(Lesson)
class LessonAdmin(DeskAdmin):
    """Newest first. A lesson's page is the review that it comes from."""

    list_display = ("words", "tag_chips", "category", "incident_link", "added_on")
    list_display_links = ("words",)
    list_filter = ("review__incident__category",)
    search_fields = ("text", "tags", "review__incident__title", "review__incident__reference")
    search_help_text = "Words of a lesson, tags, incident"

    def visible(self, by: Actor) -> QuerySet[Lesson]:
        """The lessons of the incidents that this person may read."""
        return queries.lessons_visible_to(by)

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
        """The lesson itself."""
        return format_html('<span class="desk lesson">{}</span>', lesson.text)

    @admin.display(description="Tags")
    def tag_chips(self, lesson: Lesson) -> str:
        """By which it is found."""
        return format_html_join(
            " ", '<span class="desk chip">{}</span>', ((t,) for t in lesson.tags)
        )

    @admin.display(description="Category", ordering="review__incident__category__name")
    def category(self, lesson: Lesson) -> str:
        """Of its incident."""
        return str(lesson.review.incident.category or "—")

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
