"""Facts packages beside an incident's page: what one would hold, and what a partner was handed.

What was handed over is shown and downloaded as it is stored; nothing is worked out anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from cases.admin.dialogs.facts import HAND_OVER, FactsForm
from cases.admin.page import facts, pdf
from cases.models import FactsPackage
from cases.regulation import lines
from incidentdesk.kernel import audit, clocks
from incidentdesk.kernel.desk import DeskAdmin, actor, note_reading

if TYPE_CHECKING:
    _Page = DeskAdmin
else:
    _Page = object

ONE = "<int:object_id>/facts/<int:package_id>/"


class FactsViews(_Page):
    """Mixed into the incident's admin."""

    def get_urls(self) -> list[URLPattern]:
        """The addresses before the admin's own."""
        wrap = self.admin_site.admin_view
        begin = "cases_incident"
        return [
            path("<int:object_id>/prepared/", wrap(self.prepared), name=f"{begin}_prepared"),
            path(ONE, wrap(self.facts), name=f"{begin}_facts"),
            path(f"{ONE}report.json", wrap(self.report), name=f"{begin}_facts_report"),
            path(f"{ONE}facts.pdf", wrap(self.facts_pdf), name=f"{begin}_facts_pdf"),
            *super().get_urls(),
        ]

    def prepared(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """What a package would leave open, from what the dialog says; nothing is changed."""
        incident, who = self._seen(request, object_id), actor(request)
        if not HAND_OVER.shown(incident, who):
            raise Http404
        form = FactsForm(request.GET, obj=incident, actor=who)
        context = {"package": form.follows()}
        return TemplateResponse(request, "admin/cases/incident/prepared.html", context)

    def facts(self, request: HttpRequest, object_id: int, package_id: int) -> HttpResponse:
        """What a partner was handed, figure by figure. An auditor's reading is recorded."""
        incident, package = self._package(request, object_id, package_id)
        note_reading(request, incident)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"Facts package {package.reference}",
            "incident": incident,
            "pdf_missing": pdf.missing(),
            **facts.whole(package),
        }
        return TemplateResponse(request, "admin/cases/incident/facts.html", context)

    def report(self, request: HttpRequest, object_id: int, package_id: int) -> HttpResponse:
        """Its report in the shape of the DORA schema. That it was taken is recorded."""
        _, package = self._package(request, object_id, package_id)
        self._note(request, package, "JSON")
        answer = JsonResponse(package.report, json_dumps_params={"indent": 2})
        name = f'attachment; filename="{package.reference}-report.json"'
        answer["Content-Disposition"] = name
        return answer

    def facts_pdf(self, request: HttpRequest, object_id: int, package_id: int) -> HttpResponse:
        """The whole as the partner has it; where none can be drawn, back to its page."""
        incident, package = self._package(request, object_id, package_id)
        if pdf.missing():
            return redirect("admin:cases_incident_facts", incident.pk, package.pk)
        self._note(request, package, "PDF")
        context = facts.whole(package)
        context["missing"] = [(row, lines.WHOSE[row["whose"]]) for row in package.missing]
        page = render_to_string("portal/facts/print.html", context)
        return pdf.answer(page, package.reference)

    def _note(self, request: HttpRequest, package: FactsPackage, kind: str) -> None:
        about = package.involvement.incident.about
        by, at = actor(request), clocks.now()
        name = package.reference
        audit.record(by=by, at=at, action="exported", about=about, name=name, kind=kind)

    def _package(
        self, request: HttpRequest, object_id: int, package_id: int
    ) -> tuple[Any, FactsPackage]:
        incident = self._seen(request, object_id)
        rows = FactsPackage.objects.select_related("involvement__incident", "partner", "handed_by")
        package = rows.filter(pk=package_id, involvement__incident=incident).first()
        if package is None:
            raise Http404
        return incident, package

    def _seen(self, request: HttpRequest, object_id: int) -> Any:
        incident = self.get_object(request, str(object_id))
        if incident is None or request.method not in ("GET", "HEAD"):
            raise Http404
        return incident
