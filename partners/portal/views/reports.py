"""Reports: what a partner tells us, and what became of it."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from cases import drafting, visibility
from cases.intake import reports
from cases.models import Report
from incidentdesk.kernel import clocks, once
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.errors import DeskError, mark
from incidentdesk.kernel.scope import Afterwards, Landing, ScopedRequest
from partners.portal.forms import ReportForm
from partners.portal.views.requests import require_acting

PAGE = 25
# The state in the partner's words. An incident that others may know of is told apart by nothing.
WORDS = {
    Report.State.NEW: "We have it and look at it next",
    Report.State.ACCEPTED: "It is handled as an incident",
    Report.State.ATTACHED: "It is handled as an incident",
    Report.State.DECLINED: "Answered",
}


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: ScopedRequest) -> HttpResponse:
    """Report an incident. What was typed stays if it is refused, in the form and as a draft."""
    require_acting(request)
    if request.method != "POST":
        return _form(request, ReportForm(initial=_begun(request.actor)))
    form, actor = ReportForm(request.POST, request.FILES), request.actor
    typed, kept = drafting.placed(request.POST), list[object]()

    def keep() -> None:
        """Whatever becomes of it, the words are kept as a draft first; sending it forgets that."""
        if not once.was_sent(request):
            kept.append(drafting.keep(typed=typed, by=actor, at=clocks.now()))

    def forget() -> None:
        """The other of two clicks at one moment was faster: these words were sent."""
        if kept:
            drafting.discard(by=actor, at=clocks.now())

    request.after_scope.append(keep)
    if not form.is_valid():
        return _form(request, form)
    data = form.cleaned_data

    def refused(error: DeskError) -> HttpResponse:
        mark(form, error)
        return _form(request, form)

    return Afterwards(
        lambda: _report(actor, data),
        to=reverse("portal:reports"),
        refused=refused,
        repeated=forget,
    )


@require_safe
def index(request: ScopedRequest) -> HttpResponse:
    """What this partner reported, newest first; `?after=` goes on with the older ones."""
    rows = visibility.reports_for(request.actor)
    after = request.GET.get("after", "")
    found = list((rows.filter(_comes_after(request.actor, after)) if after else rows)[: PAGE + 1])
    context = {
        "rows": [(report, _words(report)) for report in found[:PAGE]],
        "last": found[PAGE - 1].reference if len(found) > PAGE else "",
        "is_first_page": not after,
        "draft": None if after else visibility.drafts_for(request.actor).first(),
    }
    return render(request, "portal/reports/index.html", context)


@require_safe
def detail(request: ScopedRequest, reference: str) -> HttpResponse:
    """One report, how far it is, and our answer."""
    report = visibility.reports_for(request.actor).filter(reference=reference).first()
    if report is None:
        raise Http404
    files = visibility.files_for(request.actor).filter(report_id=report.pk)
    context = {"report": report, "words": _words(report), "files": files}
    return render(request, "portal/reports/detail.html", context)


def _report(actor: Actor, data: dict[str, Any]) -> Landing:
    made = reports.report(
        title=data["title"],
        description=data["description"],
        category_id=data["category"].pk if data["category"] else None,
        certainty=data["certainty"],
        uploads=data["uploads"],
        noticed_at=data["noticed_at"],
        happened_at=data["happened_at"],
        by=actor,
        at=clocks.now(),
    )
    said = f"Thank you. Your report is {made.reference}; we look at it next."
    return Landing(reverse("portal:report", args=[made.reference]), said)


def _form(request: ScopedRequest, form: ReportForm) -> HttpResponse:
    status = 422 if form.errors else 200
    context = {"form": form, "draft": visibility.drafts_for(request.actor).first()}
    return render(request, "portal/reports/new.html", context, status=status)


def _begun(actor: Actor) -> dict[str, Any]:
    """What this person had typed, or else the present moment."""
    found = visibility.drafts_for(actor).values(*drafting.FIELDS).first()
    return drafting.shown(found) if found else {"noticed_at": clocks.now()}


def _words(report: Report) -> str:
    return WORDS[Report.State(report.state)]


def _comes_after(actor: Actor, reference: str) -> Q:
    """Older than this report: the next page begins there."""
    known = visibility.reports_for(actor).filter(reference=reference.replace("\0", ""))
    last = known.values_list("reported_at", "id").first()
    if last is None:
        raise Http404
    reported_at, pk = last
    return Q(reported_at__lte=reported_at) & (Q(reported_at__lt=reported_at) | Q(id__lt=pk))
