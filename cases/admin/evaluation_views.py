"""Small views beside an incident's page: what would follow from an evaluation or a classification,
and its times.

All only read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from cases.admin.dialogs import classify
from cases.admin.dialogs.evaluation import EVALUATE, EvaluateForm
from cases.admin.page import times
from incidentdesk.kernel import clocks
from incidentdesk.kernel.desk import DeskAdmin, actor, note_reading

if TYPE_CHECKING:
    _Page = DeskAdmin
else:
    _Page = object


class EvaluationViews(_Page):
    """Mixed into the incident's admin."""

    def get_urls(self) -> list[URLPattern]:
        """The addresses before the admin's own."""
        wrap = self.admin_site.admin_view
        return [
            path("<int:object_id>/follows/", wrap(self.follows), name="cases_incident_follows"),
            path(
                "<int:object_id>/classified/<slug:regime>/",
                wrap(self.classified),
                name="cases_incident_classified",
            ),
            path("<int:object_id>/times/", wrap(self.times), name="cases_incident_times"),
            *super().get_urls(),
        ]

    def follows(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """What would follow from the answers in the address; a fragment for the dialog."""
        incident, who = self._readable(request, object_id), actor(request)
        if not EVALUATE.shown(incident, who):
            raise Http404
        form = EvaluateForm(request.GET, obj=incident, actor=who)
        context = {"follows": form.follows()}
        return TemplateResponse(request, "admin/cases/incident/follows.html", context)

    def classified(self, request: HttpRequest, object_id: int, regime: str) -> HttpResponse:
        """What would be decided from the answers in the address; a fragment for the dialog."""
        incident, who = self._readable(request, object_id), actor(request)
        action = next((one for one in classify.ALL if one.name == f"classify_{regime}"), None)
        if action is None or not action.shown(incident, who):
            raise Http404
        form = action.form(request.GET, obj=incident, actor=who)
        context = {"follows": form.follows()}  # type: ignore[attr-defined]
        return TemplateResponse(request, "admin/cases/incident/classified.html", context)

    def times(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """The times of an incident, each with every change."""
        incident = self._readable(request, object_id)
        note_reading(request, incident)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "obj": incident,
            "title": f"Times of {incident.reference}",
            "buttons": self.buttons(request, incident),
            "moments": times.history(incident, clocks.now()),
        }
        return TemplateResponse(request, "admin/cases/incident/times.html", context)

    def _readable(self, request: HttpRequest, object_id: int) -> Any:
        incident = self.get_object(request, str(object_id))
        if incident is None or request.method not in ("GET", "HEAD"):
            raise Http404
        return incident
