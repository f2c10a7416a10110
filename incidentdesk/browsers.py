"""`/accounts/sessions/`: where one is logged in, and ending what one does not know."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from incidentdesk.kernel import access, clocks, scope, sessions
from incidentdesk.kernel.errors import DeskError
from incidentdesk.kernel.models import User


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def page(request: HttpRequest) -> HttpResponse:
    """One's own sessions. This one is ended by logging out."""
    user, at = cast(User, request.user), clocks.now()
    found = sessions.of(user, at=at, this=request.session.session_key)
    if request.method == "POST":
        others = [one.handle for one in found if not one.is_this]
        wanted = others if "others" in request.POST else [request.POST.get("session", "")]
        chosen = [handle for handle in others if handle in wanted]
        try:
            ended = sessions.end_own(user, chosen, by=access.actor_for(user), at=at)
        except DeskError as error:
            messages.error(request, str(error))
        else:
            count = len(ended)
            browsers = "The browser has" if count == 1 else f"{count} browsers have"
            messages.success(request, f"{browsers} to log in again from now on.")
        return redirect(request.path)
    scope.lend_menu(request)
    context = {"sessions": found, "limits": sessions.limits_of(user.roles)}
    return render(request, "account/sessions.html", context)
