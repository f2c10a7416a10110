"""Monthly digests: the small incidents that no notice told this partner of."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from cases import visibility
from incidentdesk.kernel.scope import ScopedRequest

MOST = 120  # ten years


@require_safe
def index(request: ScopedRequest) -> HttpResponse:
    """All of them, newest first."""
    context = {"digests": visibility.digests_for(request.actor)[:MOST]}
    return render(request, "portal/digests/index.html", context)


@require_safe
def detail(request: ScopedRequest, reference: str) -> HttpResponse:
    """One month, in the words for this partner."""
    found = visibility.digests_for(request.actor).filter(reference=reference).first()
    if found is None:
        raise Http404
    return render(request, "portal/digests/detail.html", {"digest": found})
