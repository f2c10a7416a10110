"""Facts packages: the figures of an incident for this partner's own reports, as a page and JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from cases import visibility
from cases.models import FactsPackage
from cases.regulation import lines
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
    found = package_of(request.actor, reference)
    return render(request, "portal/facts/detail.html", printed(found))


@require_safe
def as_json(request: ScopedRequest, reference: str) -> HttpResponse:
    """The same, to be read by a program and kept."""
    found = package_of(request.actor, reference)
    answer = JsonResponse(content(found), json_dumps_params={"indent": 2, "ensure_ascii": False})
    answer["Content-Disposition"] = f'attachment; filename="{found.reference}.json"'
    return answer


def content(package: FactsPackage) -> dict[str, Any]:
    """A package for programs. `stage` is the key, `label` the word that pages have for it."""
    involvement = package.involvement
    return {
        "reference": package.reference,
        "stage": package.stage,
        "label": package.get_stage_display(),
        "handed_over_at": package.handed_at,
        "incident": involvement.reference,
        "title": involvement.title,
        "severity": involvement.severity,
        "is_exercise": involvement.is_exercise,
        "what_happened": package.text,
        "affected_services": package.services,
        "began_at": package.began_at,
        "ended_at": package.ended_at,
        "is_estimate": package.is_estimate,
        **{name: getattr(package, name) for name in FIGURES},
    }


def figures(known: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Each with its words; "" is not known."""
    found = {words: known[name] for name, words in FIGURES.items()}
    return [(words, "" if value is None else f"{value:,}") for words, value in found.items()]


def printed(package: FactsPackage) -> dict[str, Any]:
    """What its page and its PDF show, from the row alone."""
    return {
        "package": package,
        "figures": figures(content(package)),
        "lines": lines.known(package.stage, package.report),
        "missing": [(row, lines.WHOSE[row["whose"]]) for row in package.missing],
    }


def package_of(actor: Actor, reference: str) -> FactsPackage:
    """The package that this partner was handed; another's is not there."""
    found = visibility.packages_for(actor).filter(reference=reference).first()
    if found is None:
        raise Http404
    return found
