"""The page of a row's history, for whatever page of the desk shows that row."""

from __future__ import annotations

from typing import Any

from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from incidentdesk.kernel import changes, history, sealed
from incidentdesk.kernel.reader import actor, note_reading


class HistoryPage:
    """Gives an admin page `…/history/`: what changed in the row, by whom and from where."""

    def history_url(self, obj: Model) -> str:
        """The address of that page; '' if no history is kept of such a row."""
        name = f"admin:{obj._meta.app_label}_{obj._meta.model_name}_history"
        return reverse(name, args=[obj.pk]) if history.name_field(type(obj)) else ""

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The history of a row that this person may read; what keeps none has no such page.

        What it names of a hidden incident has no name; an auditor's reading is recorded.
        """
        page: Any = self
        found = history.name_field(page.model) and page.has_view_permission(request)
        obj = page.get_object(request, object_id) if found else None
        if obj is None:
            raise Http404
        note_reading(request, obj)
        names, before = sealed.names(actor(request)), request.GET.get("before", "")
        shown = changes.page([changes.of_row(obj)], names, before=before)
        context = {
            **page.admin_site.each_context(request),
            "opts": page.opts,
            "obj": obj,
            "title": f"History of {obj}",
            "history": shown,
            "is_later_page": bool(before),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/desk/history.html", context)
