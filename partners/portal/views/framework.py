"""How we handle incidents, as every partner reads it; its administrators acknowledge a version."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from cases import framework, visibility
from incidentdesk.kernel import access, clocks
from incidentdesk.kernel.access import Permission
from incidentdesk.kernel.scope import Afterwards, ScopedRequest
from partners.portal.views.team import READ_ONLY

MOST = 50  # versions that are listed


@require_safe
def index(request: ScopedRequest) -> HttpResponse:
    """The version in force, or with `?version=` a former one."""
    versions = list(visibility.framework().defer("text")[:MOST])
    asked = request.GET.get("version", "")
    rows = visibility.framework()
    shown = rows.filter(number=int(asked)).first() if _is_number(asked) else rows.first()
    if shown is None or (asked and not _is_number(asked)):
        raise Http404
    readings = {one.framework_id: one for one in visibility.framework_readings_for(request.actor)}
    context = {
        "framework": shown,
        "sections": framework.sections(shown.text),
        "is_current": shown.number == versions[0].number,
        "newest": versions[0],
        "reading": readings.get(shown.pk),
        "versions": [(one, readings.get(one.pk)) for one in versions],
        "acknowledges": _acknowledges(request),
        "is_administered": _right(request) == Permission.PARTNER_ADMINISTER,
    }
    return render(request, "portal/framework.html", context)


@require_POST
def acknowledge(request: ScopedRequest) -> HttpResponse:
    """An administrator, or who acts where there is none, has read the version in force."""
    if not _acknowledges(request):
        raise PermissionDenied(READ_ONLY)
    actor, asked = request.actor, request.POST.get("number", "")
    number = int(asked) if _is_number(asked) else 0

    def run() -> str:
        framework.acknowledge(number=number, by=actor, at=clocks.now())
        return f"Thank you. You acknowledged version {number} for your company."

    return Afterwards(run, to=reverse("portal:framework"))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 9


def _right(request: ScopedRequest) -> Permission:
    return framework.who_acknowledges(request.partner)


def _acknowledges(request: ScopedRequest) -> bool:
    may = access.allows(request.actor, _right(request), request.partner)
    return may and not request.is_viewed
