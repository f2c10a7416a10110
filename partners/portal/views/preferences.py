"""Preferences: what mails a person, and how times are shown to them; one's own, for one partner."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from incidentdesk.kernel import clocks
from incidentdesk.kernel.errors import DeskError, mark
from incidentdesk.kernel.scope import Afterwards, ScopedRequest
from partners import preferences
from partners.portal.choosing import PreferencesForm


@require_http_methods(["GET", "HEAD", "POST"])
def page(request: ScopedRequest) -> HttpResponse:
    """Choose. What the contract promises stands there and cannot be chosen away."""
    actor = request.actor
    fixed, is_mailed = preferences.agreed(actor), preferences.gets_notices(actor)
    free = [number for number in preferences.SEVERITIES if is_mailed and number not in fixed]
    if request.method != "POST":
        chosen = preferences.of(actor)
        initial = {"mailed": sorted(chosen.mailed), "zone": chosen.zone, "style": chosen.style}
        form = PreferencesForm(initial=initial, open_to_choice=free)
        return _shown(request, form, fixed, is_mailed)
    form = PreferencesForm(request.POST, open_to_choice=free)
    if not form.is_valid():
        return _shown(request, form, fixed, is_mailed)
    data = form.cleaned_data
    if "mailed" not in data:  # nothing of it can be chosen now; what was chosen before stays
        data["mailed"] = sorted(preferences.of(actor).mailed)

    def run() -> str:
        preferences.change(
            mailed=data["mailed"],
            zone=data["zone"],
            style=data["style"],
            by=actor,
            at=clocks.now(),
        )
        return "Your preferences are kept."

    def refused(error: DeskError) -> HttpResponse:
        mark(form, error)
        return _shown(request, form, fixed, is_mailed)

    return Afterwards(run, to=reverse("portal:preferences"), refused=refused)


def _shown(
    request: ScopedRequest, form: PreferencesForm, fixed: set[int], is_mailed: bool
) -> HttpResponse:
    context = {
        "form": form,
        "fixed": sorted(fixed),
        "gets_notices": is_mailed,
        "now": clocks.now(),
    }
    status = 422 if form.errors else 200
    return render(request, "portal/preferences.html", context, status=status)
