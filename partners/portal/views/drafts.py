"""A report that was begun: saved as it is typed, or by its button; sent later, or discarded."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from cases import drafting, visibility
from incidentdesk.kernel import clocks
from incidentdesk.kernel.scope import Afterwards, ScopedRequest
from partners.portal.views.requests import require_acting

SAVED = "Saved. It waits here until you send or discard it; only you see it."
NOTHING = "There is nothing to save yet; write something first."


@require_http_methods(["GET", "HEAD", "POST"])
def save(request: ScopedRequest) -> HttpResponse:
    """Keep what was typed. A script that saves by itself is led to the words that say when."""
    require_acting(request)
    if request.method != "POST":
        return HttpResponse(saved_words(request), content_type="text/plain; charset=utf-8")
    actor, typed = request.actor, drafting.placed(request.POST)
    is_quiet = bool(request.POST.get("quiet"))

    def run() -> str:
        made = drafting.keep(typed=typed, by=actor, at=clocks.now())
        return "" if is_quiet else SAVED if made else NOTHING

    return Afterwards(run, to=reverse("portal:report_draft" if is_quiet else "portal:report_new"))


@require_POST
def discard(request: ScopedRequest) -> HttpResponse:
    """It is not wanted any more."""
    require_acting(request)
    actor = request.actor

    def run() -> str:
        was_there = drafting.discard(by=actor, at=clocks.now())
        return "What you had begun is discarded." if was_there else "There was nothing to discard."

    return Afterwards(run, to=reverse("portal:report_new"))


def saved_words(request: ScopedRequest) -> str:
    """Since when it is kept; nothing if it is not."""
    found = visibility.drafts_for(request.actor).first()
    return f"Saved {timezone.localtime(found.saved_at):%H:%M:%S}" if found else ""
