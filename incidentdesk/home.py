"""Where a person lands: staff at the desk, contacts in the portal, the choice of a partner."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from cases.intake import internal
from incidentdesk.kernel import access, grants, scope
from incidentdesk.kernel.access import Permission
from incidentdesk.kernel.models import User
from partners.models import Partner


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """`/` sends everybody to where they work; a colleague without the desk, to the one form."""
    user = cast(User, request.user)
    if user.is_staff:
        return redirect("/admin/")
    return redirect("report" if internal.is_colleague(user) else scope.PORTAL)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def choose_partner(request: HttpRequest) -> HttpResponse:
    """A person who serves several partners works as one at a time, and picks which, by its code."""
    partners = Partner.objects.filter(pk__in=grants.tenant_ids(cast(User, request.user).pk))
    if request.method == "POST":
        chosen = partners.filter(code=request.POST.get("partner", "").replace("\0", "")).first()
        if chosen is None:
            raise Http404
        if request.session.get(scope.SESSION_KEY) != chosen.pk:
            list(messages.get_messages(request))  # what waits was said of the former: it is dropped
        request.session[scope.SESSION_KEY] = chosen.pk
        return redirect(_portal_page(request.POST.get("next", "")))
    found = list(partners)
    if not found:
        raise Http404
    current = request.session.get(scope.SESSION_KEY)
    context = {"partners": found, "current": current, "next": request.GET.get("next", "")}
    return render(request, "portal/choose_partner.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def view_as(request: HttpRequest, code: str) -> HttpResponse:
    """A member of staff looks at the portal as a partner sees it: asked for here, by a button, and
    ended here. The pages themselves are recorded one by one as they are looked at."""
    by = access.actor_for(cast(User, request.user))
    partner = Partner.objects.filter(code=code).first()
    if partner is None or not access.allows(by, Permission.INCIDENT_READ):
        raise Http404
    wanted = request.POST.get("next", request.GET.get("next", ""))
    if request.method != "POST":
        context = {"partner": partner, "next": wanted}
        return render(request, "portal/view_as.html", context)
    if "stop" in request.POST:
        request.session.pop(scope.VIEWING_KEY, None)
        return redirect("admin:partners_partner_change", partner.pk)
    request.session[scope.VIEWING_KEY] = partner.pk
    return redirect(_portal_page(wanted))


def _portal_page(wanted: str) -> str:
    """The page asked for, if it is one of the portal's; otherwise the portal's first."""
    is_ours = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return wanted if is_ours and wanted.startswith(scope.PORTAL) else scope.PORTAL
