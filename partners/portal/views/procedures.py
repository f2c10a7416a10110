"""Procedures: what this partner has on file for its own users."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cases import procedures, visibility
from cases.models import Procedure
from incidentdesk.kernel import clocks
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.errors import DeskError, mark
from incidentdesk.kernel.scope import Afterwards, Landing, ScopedRequest
from partners.portal.forms import ProcedureForm
from partners.portal.views.home import SOON
from partners.portal.views.requests import require_acting

MOST = 100  # former ones that are listed


@require_safe
def index(request: ScopedRequest) -> HttpResponse:
    """Those in force, by their last day, those that expired, and the former ones."""
    rows = visibility.procedures_for(request.actor)
    today = clocks.now().date()
    held = list(rows.filter(ended_at=None))
    context = {
        "current": [one for one in held if one.is_valid(today)],
        "expired": [one for one in held if not one.is_valid(today)],
        "former": rows.exclude(ended_at=None).order_by("-ended_at", "-id")[:MOST],
        "soon": today + SOON,
    }
    return render(request, "portal/procedures/index.html", context)


@require_safe
def detail(request: ScopedRequest, reference: str) -> HttpResponse:
    """One version, and the form for the next."""
    found = _procedure(request.actor, reference)
    form = ProcedureForm(
        initial={"title": found.title, "scope": found.scope, "attested_by": found.attested_by}
    )
    return _page(request, found, form)


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: ScopedRequest) -> HttpResponse:
    """Put one on file. What was typed stays if it is refused."""
    require_acting(request)
    if request.method != "POST":
        return _page(request, None, ProcedureForm())
    return _keep(request, None)


@require_POST
def renew(request: ScopedRequest, reference: str) -> HttpResponse:
    """The next version takes its place."""
    found = _procedure(request.actor, reference)
    require_acting(request)
    return _keep(request, found)


@require_POST
def withdraw(request: ScopedRequest, reference: str) -> HttpResponse:
    """It does not hold any more."""
    actor, found = request.actor, _procedure(request.actor, reference)
    require_acting(request)

    def run() -> str:
        procedures.withdraw(procedure_id=found.pk, by=actor, at=clocks.now())
        return f"“{found}” is withdrawn."

    return Afterwards(
        run,
        to=reverse("portal:procedures"),
        otherwise=reverse("portal:procedure", args=[reference]),
    )


def _keep(request: ScopedRequest, former: Procedure | None) -> HttpResponse:
    actor, form = request.actor, ProcedureForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, former, form)
    data = form.cleaned_data

    def run() -> Landing:
        replaces_id = former.pk if former else None
        made = procedures.keep(**data, replaces_id=replaces_id, by=actor, at=clocks.now())
        to = reverse("portal:procedure", args=[made.reference])
        return Landing(to, f"“{made}” is on file until {made.valid_until:%-d %b %Y}.")

    def refused(error: DeskError) -> HttpResponse:
        mark(form, error)
        return _page(request, former, form)

    return Afterwards(run, to=reverse("portal:procedures"), refused=refused)


def _procedure(actor: Actor, reference: str) -> Procedure:
    found = visibility.procedures_for(actor).filter(reference=reference).first()
    if found is None:
        raise Http404
    return found


def _page(request: ScopedRequest, found: Procedure | None, form: ProcedureForm) -> HttpResponse:
    today = clocks.now().date()
    context = {
        "procedure": found,
        "form": form,
        "is_valid": found is not None and found.is_valid(today),
    }
    status = 422 if form.errors else 200
    return render(request, "portal/procedures/detail.html", context, status=status)
