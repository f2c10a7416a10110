"""Reviews on the desk: the list, the page, and the dialog that begins one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import F, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.html import format_html

from cases import queries as incidents
from incidentdesk.kernel import clocks, dialogs
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.desk import actor
from reviews import queries
from reviews.admin import review_page
from reviews.admin.dialogs import (
    actions,
    approval,
    attendees,
    causes,
    controls,
    documents,
    findings,
    lessons,
)
from reviews.admin.filters import SeverityFilter
from reviews.admin.review_views import FORMS, ReviewViews
from reviews.models import Review


@admin.register(Review)
class ReviewAdmin(ReviewViews):
    """Drafts first, the earliest due day first; then the approved ones, newest first."""

    page_template = "admin/reviews/review/page.html"
    list_display = ("severity_badge", "name", "progress", "facilitator_name", "due")
    list_display_links = ("name",)
    list_filter = (("state", admin.ChoicesFieldListFilter), SeverityFilter)
    search_fields = ("incident__title", "incident__reference", "root_cause")
    search_help_text = "Incident, reference or root cause"
    desk_actions: ClassVar = (
        findings.WRITE,
        causes.ADD,
        causes.EDIT,
        causes.REMOVE,
        attendees.ADD,
        attendees.REMOVE,
        controls.ADD,
        controls.REMOVE,
        actions.AGREE,
        documents.ADD,
        documents.NONE,
        documents.FINISH,
        documents.REMOVE,
        lessons.ADD,
        lessons.REMOVE,
        approval.FOR_PARTNERS,
        approval.ASK,
        approval.SEND_BACK,
        approval.FINISH,
        approval.REPORT,
    )

    def visible(self, by: Actor) -> QuerySet[Any]:
        """The reviews of the incidents that this person may read."""
        return queries.visible_to(by).select_related("incident__review_facts")

    def get_ordering(self, request: HttpRequest) -> Sequence[Any]:
        """What waits for somebody comes first."""
        return (
            F("approved_at").desc(nulls_first=True),
            F("due_at").asc(nulls_last=True),
            "-opened_at",
        )

    def get_urls(self) -> list[URLPattern]:
        """The two addresses by which an incident's page reaches its review."""
        wrap = self.admin_site.admin_view
        return [
            path("begin/<int:incident_id>/", wrap(self.begin), name="reviews_review_begin"),
            path("of/<int:incident_id>/", wrap(self.of_incident), name="reviews_review_of"),
            *super().get_urls(),
        ]

    def begin(self, request: HttpRequest, incident_id: int) -> HttpResponse:
        """The dialog that takes an incident into its review."""
        who = actor(request)
        incident = incidents.visible_to(who).filter(pk=incident_id).first()
        if incident is None:
            raise Http404
        context = {**self.admin_site.each_context(request), "opts": self.opts}
        return dialogs.respond(
            request, findings.BEGIN, incident, actor=who, context=context, back=incident.url
        )

    def of_incident(self, request: HttpRequest, incident_id: int) -> HttpResponse:
        """On to the review of an incident."""
        review = self.get_queryset(request).filter(incident=incident_id).first()
        if review is None:
            raise Http404
        return redirect(self.page_url(review))

    def page_context(self, request: HttpRequest, obj: Review) -> dict[str, Any]:
        """Everything that the page shows."""
        buttons = self.buttons(request, obj)
        found = review_page.build(obj, by=actor(request), buttons=buttons, now=clocks.now())
        return {**found, "forms": FORMS}

    @admin.display(description="Severity", ordering="incident__severity")
    def severity_badge(self, review: Review) -> str:
        """As on every page."""
        value = review.incident.severity
        return format_html('<span class="desk badge s{}">SEV-{}</span>', value, value)

    @admin.display(description="Incident")
    def name(self, review: Review) -> str:
        """Title, with the reference below."""
        return format_html(
            '<span class="desk"><span class="who">{}</span><small>{}</small></span>',
            review.incident.heading,
            review.incident.reference,
        )

    @admin.display(description="State", ordering="state")
    def progress(self, review: Review) -> str:
        """Approved and by whom; or how much lacks."""
        if review.is_approved:
            return f"approved by {review.approved_by}"
        if review.is_in_review:
            return "waits for approval"
        facts = getattr(review.incident, "review_facts", None)
        if facts is None or facts.missing:
            return f"draft, {len(facts.missing)} missing" if facts else "draft"
        return "draft, sent back" if review.sent_back_reason else "draft, complete"

    @admin.display(description="Facilitator")
    def facilitator_name(self, review: Review) -> str:
        """Who leads it."""
        return str(review.facilitator or "—")

    @admin.display(description="Due", ordering="due_at")
    def due(self, review: Review) -> str:
        """Until when a draft has to be done."""
        words, colour = review_page.due_words(review, clocks.now())
        return format_html(
            '<span class="desk"><span class="{}">{}</span></span>', colour, words or "—"
        )
