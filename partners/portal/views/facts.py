"""Facts packages: the figures of an incident for this partner's own reports, as a page and JSON."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from cases import visibility
from cases.models import FactsPackage
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.scope import ScopedRequest

# In the order in which they are read, in words for the partner.
FIGURES = {
    "clients": "Your clients affected",
    "clients_share": "Share of all your clients, per cent",
    "transactions": "Your transactions affected",
    "transactions_share": "Share of all your transactions, per cent",
    "value_eur": "Value affected, in EUR",
    "downtime_minutes": "Downtime, in minutes",
}


@require_safe
def detail(request: ScopedRequest, reference: str) -> HttpResponse:
    """One package as it was handed over."""
    found = _package(request.actor, reference)
    context = {"package": found, "figures": _figures(found)}
    return render(request, "portal/facts/detail.html", context)


@require_safe
def as_json(request: ScopedRequest, reference: str) -> HttpResponse:
    """The same, to be read by a program and kept."""
    found = _package(request.actor, reference)
    involvement = found.involvement
    content: dict[str, Any] = {
        "reference": found.reference,
        "stage": found.stage,
        "handed_over_at": found.handed_at,
        "incident": involvement.reference,
        "title": involvement.title,
        "severity": involvement.severity,
        "is_exercise": involvement.is_exercise,
        "what_happened": found.text,
        "affected_services": found.services,
        "began_at": found.began_at,
        "ended_at": found.ended_at,
        "is_estimate": found.is_estimate,
        **{name: getattr(found, name) for name in FIGURES},
    }
    answer = JsonResponse(content, json_dumps_params={"indent": 2, "ensure_ascii": False})
    answer["Content-Disposition"] = f'attachment; filename="{found.reference}.json"'
    return answer


def _package(actor: Actor, reference: str) -> FactsPackage:
    found = visibility.packages_for(actor).filter(reference=reference).first()
    if found is None:
        raise Http404
    return found


def _figures(package: FactsPackage) -> list[tuple[str, str]]:
    """Each with its words; "" is not known."""
    found = {words: getattr(package, name) for name, words in FIGURES.items()}
    return [(words, "" if value is None else f"{value:,}") for words, value in found.items()]
