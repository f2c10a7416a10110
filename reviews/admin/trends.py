"""The page of trends: charts of a period, each with its table, and all of it as CSV.

Whoever reads incidents reads it; it is made of the incidents that they may read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.views.decorators.http import require_safe

from cases.models import Category, Incident
from incidentdesk.kernel import access, audit, clocks
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.desk import actor, note_reading
from incidentdesk.kernel.errors import InvalidInput
from reviews.trends import asked, drawing, headline, reading
from reviews.trends.asked import NO_CATEGORY, PERIODS, Asked


def _reader(request: HttpRequest) -> Actor:
    by = actor(request)
    if not access.allows(by, Permission.INCIDENT_READ):
        raise Http404
    return by


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """All charts. An auditor's reading is recorded."""
    by, at, wrong = _reader(request), clocks.now(), ""
    try:
        wanted = asked.read(request.GET.dict(), at=at)
    except InvalidInput as error:
        wanted, wrong = asked.read({}, at=at), str(error)
    note_reading(request, Incident(), request.get_full_path())
    charts = reading.every(wanted, by, at=at)
    context = {
        **admin.site.each_context(request),
        "title": "Trends",
        "asked": wanted,
        "wrong": wrong,
        "tiles": headline.tiles(charts),
        "sections": [
            (section, [drawing.draw(charts[key]) for key in section.charts])
            for section in reading.SECTIONS
        ],
        "form": _form(wanted),
    }
    return TemplateResponse(request, "admin/reviews/trends/page.html", context)


def _form(wanted: Asked) -> dict[str, Any]:
    """What the filters offer, and what they are set to."""
    categories = [*Category.objects.values_list("key", "name"), (NO_CATEGORY, "None yet")]
    return {
        "periods": list(PERIODS.items()),
        "is_own": "period" not in wanted.named,
        "severities": [(str(n), f"SEV-{n}") for n in (1, 2, 3, 4)],
        "categories": categories,
        "named": wanted.named,
    }


@require_safe
def file(request: HttpRequest, chart: str = "") -> HttpResponse:
    """One chart or all of them as CSV. That it was taken is recorded."""
    by, at = _reader(request), clocks.now()
    if chart and chart not in reading.CHARTS:
        raise Http404
    try:
        wanted = asked.read(request.GET.dict(), at=at)
    except InvalidInput as error:
        return HttpResponse(str(error), status=400, content_type="text/plain; charset=utf-8")
    if chart:
        charts = [reading.chart(chart, wanted, by, at=at)]
    else:
        charts = list(reading.every(wanted, by, at=at).values())
    audit.record(by=by, at=at, action="exported", about="trends", filters=dict(wanted.named))
    name = f"trends{f'-{chart}' if chart else ''}-{wanted.first}-{wanted.last}.csv"
    return HttpResponse(
        reading.sheet(charts, wanted),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _at_the_desk(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Behind the desk's own door, which asks for a login and a role."""

    def behind(request: HttpRequest, **known: Any) -> HttpResponse:
        return admin.site.admin_view(view)(request, **known)

    return behind


urlpatterns = [
    path("", _at_the_desk(page), name="trends"),
    path("csv/", _at_the_desk(file), name="trends_csv"),
    path("csv/<slug:chart>/", _at_the_desk(file), name="trends_csv_one"),
]
