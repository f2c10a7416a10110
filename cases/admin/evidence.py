"""Evidence on the desk: its list, the page of one piece, and the two ways in which files leave.

A page shows what is known of a file and never the file; opening it is a reading, written down like
an auditor's. Downloads and exports are POSTs: a link of a stranger's page, a prefetching browser or
a mail scanner that follows GETs must not add links to a chain of custody in somebody's name.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotAllowed,
)
from django.shortcuts import redirect
from django.template.defaultfilters import filesizeformat
from django.urls import URLPattern, path
from django.utils.html import format_html

from cases import evidence, queries, reading
from cases.admin.dialogs import evidence as dialogs
from cases.admin.page.evidence import is_faulty, places, with_verdict
from cases.models import CustodyEvent, Evidence
from incidentdesk.kernel import clocks, downloads
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.desk import DeskAdmin, actor
from incidentdesk.kernel.errors import DeskError, NotFound


@admin.register(Evidence)
class EvidenceAdmin(DeskAdmin):
    """Newest first, over all incidents that this person may read."""

    page_template = "admin/cases/evidence/page.html"
    list_display = ("name", "incident_name", "collected", "size_words", "tlp")
    list_display_links = ("name",)
    list_filter = ("tlp",)
    search_fields = ("title", "file_name", "sha256", "collector", "incident__reference")
    search_help_text = "Title, file, hash, collector or incident"
    ordering = ("-id",)
    desk_actions: ClassVar = (dialogs.VERIFY, dialogs.ATTACH)

    def visible(self, by: Actor) -> QuerySet[Evidence]:
        """What this person may read."""
        return with_verdict(queries.evidence_visible_to(by)).select_related(
            "incident", "added_by", "task", "affected_system__system"
        )

    def get_urls(self) -> list[URLPattern]:
        """The two addresses from which files leave."""
        wrap = self.admin_site.admin_view
        return [
            path(
                "<int:object_id>/file/",
                wrap(self.download, cacheable=True),
                name="cases_evidence_file",
            ),
            path(
                "export/<int:incident_id>/",
                wrap(self.export, cacheable=True),
                name="cases_evidence_export",
            ),
            *super().get_urls(),
        ]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """What is known of a piece. Opening it is the one thing that a GET writes down."""
        piece = self.get_object(request, object_id)
        if piece is None or request.method not in ("GET", "HEAD"):
            raise Http404
        purpose = CustodyEvent.Action.VIEWED
        evidence.open_file(
            evidence_id=piece.pk, purpose=purpose, by=actor(request), at=clocks.now()
        )
        return super().change_view(request, object_id, form_url, extra_context)

    def page_context(self, request: HttpRequest, obj: Evidence) -> dict[str, Any]:
        """The whole chain, oldest first."""
        return {
            "object": obj,
            "piece": obj,
            "size": filesizeformat(obj.size),
            "places": places(obj),
            "is_faulty": is_faulty(obj),
            "links": reading.custody_without_hidden_names(
                obj.custody.order_by("id"), actor(request)
            ),
        }

    def download(self, request: HttpRequest, object_id: int) -> HttpResponseBase:
        """The file, as something to keep and never to show."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        try:
            opened = evidence.open_file(
                evidence_id=object_id,
                purpose=CustodyEvent.Action.DOWNLOADED,
                by=actor(request),
                at=clocks.now(),
            )
        except NotFound as error:
            raise Http404(str(error)) from error
        except DeskError as error:
            messages.error(request, str(error))
            return redirect("admin:cases_evidence_change", object_id)
        return downloads.inert(opened.chunks(), name=opened.name, size=opened.size)

    def export(self, request: HttpRequest, incident_id: int) -> HttpResponseBase:
        """All evidence of an incident in a zip."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        try:
            made = evidence.export(incident_id=incident_id, by=actor(request), at=clocks.now())
        except NotFound as error:
            raise Http404(str(error)) from error
        except DeskError as error:
            messages.error(request, str(error))
            return redirect(f"/admin/cases/incident/{incident_id}/change/?tab=evidence")
        return downloads.inert(made.chunks(), name=made.name)

    @admin.display(description="Evidence", ordering="title")
    def name(self, piece: Evidence) -> str:
        """What it shows, and the file."""
        return format_html(
            '<span class="desk"><span class="who">{}</span><small>{} · {}…</small></span>',
            piece.title,
            piece.file_name,
            piece.sha256[:12],
        )

    @admin.display(description="Incident")
    def incident_name(self, piece: Evidence) -> str:
        """Where it belongs."""
        return str(piece.incident)

    @admin.display(description="Collected", ordering="collected_at")
    def collected(self, piece: Evidence) -> str:
        """When and by whom."""
        return f"{piece.collected_at:%-d %b %Y %H:%M} by {piece.collector}"

    @admin.display(description="Size", ordering="size")
    def size_words(self, piece: Evidence) -> str:
        """In words."""
        return filesizeformat(piece.size)
