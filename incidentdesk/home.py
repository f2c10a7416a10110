"""Where a person lands: staff at the desk, contacts in the portal, the choice of a partner."""

from __future__ import annotations

from typing import cast

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from incidentdesk.kernel import grants, scope
from incidentdesk.kernel.models import User
from partners.models import Partner


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """`/` sends everybody to where they work."""
    return redirect("/admin/" if cast(User, request.user).is_staff else "/portal/")


@login_required
def choose_partner(request: HttpRequest) -> HttpResponse:
    """A person who serves several partners works as one at a time, and picks which."""
    ids = grants.tenant_ids(cast(User, request.user).pk)
    partners = Partner.objects.filter(pk__in=ids)
    if request.method == "POST":
        chosen = partners.filter(pk=request.POST.get("partner") or 0).first()
        if chosen is None:
            raise Http404
        request.session[scope.SESSION_KEY] = chosen.pk
        return redirect("/portal/")
    if not ids:
        raise Http404
    return render(request, "portal/choose_partner.html", {"partners": partners})
