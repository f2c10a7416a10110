"""History: every incident of this partner, searched in its own words and filtered."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from cases import visibility
from cases.models import Involvement
from cases.models.incident import OVER
from incidentdesk.kernel import clocks
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.scope import ScopedRequest
from partners.portal.choosing import HistoryForm
from partners.portal.views.shelves import further


@require_safe
def index(request: ScopedRequest) -> HttpResponse:
    """What was asked for, newest first; `?after=` goes on behind that incident."""
    form = HistoryForm(request.GET)
    context: dict[str, Any] = {"form": form, "now": clocks.now()}
    if form.is_valid():
        asked = request.GET.copy()
        after = (asked.pop("after", None) or [""])[-1]
        found = _found(request.actor, form.cleaned_data)
        context |= {
            "shelf": further(request.actor, found, after=after, words=form.cleaned_data["words"]),
            "asked": asked.urlencode(),
            "is_filtered": any(form.cleaned_data.values()),
        }
    status = 200 if form.is_valid() else 422
    return render(request, "portal/incidents/history.html", context, status=status)


def _found(actor: Actor, asked: dict[str, Any]) -> QuerySet[Involvement]:
    rows = visibility.search_for(actor, asked["words"])
    if asked["state"]:
        is_over = {"phase__in": OVER}
        rows = rows.filter(**is_over) if asked["state"] == "closed" else rows.exclude(**is_over)
    if asked["severity"]:
        rows = rows.filter(severity=asked["severity"])
    if not asked["since"] and not asked["until"]:
        return rows
    told, shown = visibility.notices_for(actor).filter(involvement=OuterRef("pk")), Q()
    if asked["since"]:
        since = _midnight(asked["since"])
        told, shown = told.filter(sent_at__gte=since), Q(disclosed_at__gte=since)
    if asked["until"]:
        until = _midnight(asked["until"] + timedelta(days=1))
        told = told.filter(sent_at__lt=until)
        rows = rows.filter(disclosed_at__lt=until)  # nobody is told before it is shown
    return rows.filter(Exists(told.order_by()) | Q(told_at=None) & shown)


def _midnight(day: Any) -> datetime:
    """When the day begins where its reader is."""
    return timezone.make_aware(datetime.combine(day, time.min))
