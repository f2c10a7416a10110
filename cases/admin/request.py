"""Requests to partners, over all incidents: what is open by its time, and what waits for us."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.html import format_html

from cases import correspondence, files
from cases.admin.dialogs import requests as dialogs
from cases.admin.filters import ChoiceFilter
from cases.admin.page import moments
from cases.models import Request
from incidentdesk.kernel import clocks, downloads
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.desk import DeskAdmin, actor
from incidentdesk.kernel.errors import DeskError

State = Request.State
UNSETTLED = (State.OPEN, State.ANSWERED)


class ShownFilter(ChoiceFilter):
    """What is not settled, unless a part of it or all are asked for."""

    title = "requests"
    parameter_name = "shown"
    first = "Open"
    looked_at = "only open ones"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The parts, and all."""
        return [("overdue", "Overdue"), ("ours", "Waiting for us"), ("all", "All")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Request]) -> QuerySet[Request]:
        """Those that are asked for."""
        by = actor(request)
        if self.value() == "all":
            return queryset
        if self.value() == "overdue":
            late = correspondence.overdue_requests(by, clocks.now())
            return queryset.filter(pk__in=late.values("pk"))
        if self.value() == "ours":
            return queryset.filter(pk__in=correspondence.requests_to_handle(by).values("pk"))
        return queryset.filter(state__in=UNSETTLED)


@admin.register(Request)
class RequestAdmin(DeskAdmin):
    """The first to fall due on top."""

    page_template = "admin/cases/request/page.html"
    list_display = ("name", "partner", "due", "state_words", "incident_link")
    list_display_links = ("name",)
    list_filter = (ShownFilter, "partner")
    search_fields = ("reference", "question", "involvement__incident__reference")
    search_help_text = "Reference, question or incident"
    ordering = ("due_at", "id")
    desk_actions: ClassVar = dialogs.ON_REQUEST

    def visible(self, by: Actor) -> QuerySet[Request]:
        """The requests of the incidents that this person may read."""
        return correspondence.requests_visible_to(by).select_related(
            "partner", "involvement__incident", "asked_by", "settled_by"
        )

    def get_urls(self) -> list[URLPattern]:
        """Where the files leave that partners and the desk share."""
        wrap = self.admin_site.admin_view
        file = path(
            "file/<uuid:key>/", wrap(self.download, cacheable=True), name="cases_shared_file"
        )
        return [file, *super().get_urls()]

    def download(self, request: HttpRequest, key: UUID) -> HttpResponseBase:
        """A file, as something to keep and never to show. An auditor's reading is recorded."""
        by = actor(request)
        found = correspondence.files_visible_to(by).filter(key=key).first()
        if found is None or request.method != "GET":
            raise Http404
        try:
            opened = files.open_file(file_id=found.pk, by=by, at=clocks.now())
        except DeskError as error:
            messages.error(request, str(error))
            return redirect("admin:cases_request_changelist")
        return downloads.inert(opened.chunks(), name=opened.name, size=opened.size)

    def page_context(self, request: HttpRequest, obj: Request) -> dict[str, Any]:
        """The request, and what was said about it."""
        now = clocks.now()
        steps = obj.steps.select_related("user").prefetch_related("files").order_by("id")
        return {
            "object": obj,
            "asked": obj,
            "is_overdue": obj.is_overdue(now),
            "late_by": clocks.words(now - obj.due_at) if obj.is_overdue(now) else "",
            "steps": [(step, moments.short(step.at, now)) for step in steps],
            "due": moments.short(obj.due_at, now),
        }

    @admin.display(description="Request")
    def name(self, request: Request) -> str:
        """What is asked, under which reference."""
        return format_html(
            '<span class="desk"><span class="who">{}</span><small>{}</small></span>',
            request.question[:120],
            request.reference,
        )

    @admin.display(description="Due", ordering="due_at")
    def due(self, request: Request) -> str:
        """Until when, red when that is over."""
        now = clocks.now()
        words = moments.short(request.due_at, now)
        late = request.is_overdue(now)
        return format_html(
            '<span class="desk"><span class="nw {}">{}</span></span>',
            "bad" if late else "",
            f"{words}, {clocks.words(now - request.due_at)} late" if late else words,
        )

    @admin.display(description="State", ordering="state")
    def state_words(self, request: Request) -> str:
        """In words; that more time is asked for says so."""
        if request.extension_until is not None:
            return "asks for more time"
        return str(request.get_state_display())

    @admin.display(description="Incident")
    def incident_link(self, request: Request) -> str:
        """Where it belongs."""
        incident = request.involvement.incident
        return format_html(
            '<span class="desk"><a class="chip" href="{}?tab=partners">{}</a></span>',
            incident.url,
            incident.reference,
        )
