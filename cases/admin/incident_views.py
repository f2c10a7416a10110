"""What the desk serves of incidents besides their list and their page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from cases.admin import incident_export
from cases.admin.page import pdf, record, story, told
from cases.models import System, TimelineHead
from incidentdesk.kernel import access, audit, clocks
from incidentdesk.kernel.access import Permission
from incidentdesk.kernel.desk import actor, note_reading
from incidentdesk.kernel.taken import TakenAdmin
from partners.models import Partner


class IncidentViews(TakenAdmin):
    """The addresses beside the list and the page; each asks for the right to read."""

    taken_as = file_name = "incidents"

    def get_urls(self) -> list[URLPattern]:
        """Names that fit what is typed into its form."""
        wrap = self.admin_site.admin_view
        return [
            path("names/<slug:of>/", wrap(self.names), name="cases_incident_names"),
            path("<int:object_id>/print/", wrap(self.print), name="cases_incident_print"),
            path("<int:object_id>/pdf/", wrap(self.pdf), name="cases_incident_pdf"),
            path("<int:object_id>/told/", wrap(self.told), name="cases_incident_told"),
            path("<int:object_id>/story/", wrap(self.story), name="cases_incident_story"),
            path("<int:object_id>/live/", wrap(self.live), name="cases_incident_live"),
            *super().get_urls(),
        ]

    def lines(self, rows: Any) -> Iterator[str]:
        """The list as a file."""
        return incident_export.lines(rows)

    def names(self, request: HttpRequest, of: str) -> HttpResponse:
        """Partners or systems whose name holds what is typed."""
        if not access.allows(actor(request), Permission.INCIDENT_READ):
            raise Http404
        rows: Any = {"partner": Partner.objects, "system": System.objects}.get(of)
        typed = request.GET.get("q", "").replace("\0", "").strip()
        if rows is None:
            raise Http404
        found = rows.filter(name__icontains=typed).order_by("name").values_list("name", flat=True)
        return JsonResponse({"names": list(found[:20])})

    def live(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """How long the timeline is; 204 while it is as long as `since` says.

        One query besides the person's own: cheap enough to be asked every ten seconds.
        """
        seen = self.visible(actor(request)).filter(pk=object_id)
        sequence = seen.values_list("timeline_head__sequence", flat=True).first()
        if sequence is None:
            raise Http404
        if request.GET.get("since") == str(sequence):
            return HttpResponse(status=204)
        return JsonResponse({"sequence": sequence})

    def told(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Who was told what, when, and did they see it. An auditor's reading is recorded."""
        incident = self.get_object(request, str(object_id))
        if incident is None or request.method not in ("GET", "HEAD"):
            raise Http404
        note_reading(request, incident)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"Who was told: {incident.reference}",
            "incident": incident,
            "rows": told.rows(incident, clocks.now()),
            "decide_url": self.buttons(request, incident).get("decide_notice", {}).get("url", ""),
        }
        return TemplateResponse(request, "admin/cases/incident/told.html", context)

    def story(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Everything that went out about it, in order; `print` gives the whole as one page."""
        incident = self.get_object(request, str(object_id))
        if incident is None or request.method not in ("GET", "HEAD"):
            raise Http404
        note_reading(request, incident)
        by, asked = actor(request), request.GET
        is_whole = "print" in asked
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"What went out: {incident.reference}",
            "incident": incident,
            "by": by,
            "at": clocks.now(),
            "resend": self.buttons(request, incident).get("resend"),
            "page": self.buttons(request, incident).get("page"),
            **story.build(
                incident,
                by,
                after=asked.get("after", ""),
                until=asked.get("until", ""),
                is_whole=is_whole,
                now=clocks.now(),
            ),
        }
        template = "story_on_paper" if is_whole else "story"
        return TemplateResponse(request, f"admin/cases/incident/{template}.html", context)

    def print(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """The whole record on one page. That it was taken is recorded."""
        return HttpResponse(self._record(request, object_id, is_pdf=False)[1])

    def pdf(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """The same as a PDF; where none can be drawn, back to the print view, which says why."""
        is_long = TimelineHead.objects.filter(pk=object_id, sequence__gt=pdf.LONGEST).exists()
        if is_long or pdf.missing():
            return redirect("admin:cases_incident_print", object_id)
        incident, page = self._record(request, object_id, is_pdf=True)
        return pdf.answer(page, incident.reference)

    def _record(self, request: HttpRequest, object_id: int, *, is_pdf: bool) -> tuple[Any, str]:
        incident = self.get_object(request, str(object_id))
        if incident is None or request.method not in ("GET", "HEAD"):
            raise Http404
        note_reading(request, incident)
        by, now = actor(request), clocks.now()
        kind = "PDF" if is_pdf else "print"
        audit.record(by=by, at=now, action="exported", about=incident.about, kind=kind)
        context = record.build(incident, now=now, by=by)
        context |= {"is_pdf": is_pdf, "pdf_missing": pdf.missing() or context["pdf_missing"]}
        return incident, render_to_string("admin/cases/incident/record.html", context)
