"""The first page: what waits for this partner, what is open, what is past.

It is the page that is read most, so what it asks for is planned once a connection.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from cases import visibility
from cases.models import Digest, Involvement, NoticeCopy, Procedure, Request
from cases.models.incident import OVER
from incidentdesk.kernel import clocks
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.asking import at_once
from incidentdesk.kernel.scope import ScopedRequest
from partners.portal.views.requests import shown
from partners.portal.views.shelves import READ, further, shelf

WAITING, WAITING_LONGER, OWED, DIGESTS = 3, 25, 10, 3
SOON = timedelta(days=60)  # before a procedure expires
HEADINGS = {"open": "Open incidents", "past": "Past incidents"}


@require_safe
def index(request: ScopedRequest) -> HttpResponse:
    """All of it; `?open=` or `?past=` goes on with one of the lists behind that incident."""
    wanted = next((name for name in HEADINGS if request.GET.get(name)), None)
    context = _first_page(request.actor) if wanted is None else _further(request, wanted)
    context |= {"is_first_page": wanted is None, "now": clocks.now()}
    return render(request, "portal/incidents/index.html", context)


def _first_page(actor: Actor) -> dict[str, Any]:
    newest = sorted(at_once(listed, actor), key=_age, reverse=True)
    found = {
        name: [one for one in newest if (one.phase in OVER) == (name == "past")]
        for name in HEADINGS
    }
    waiting = at_once(_waiting, actor)
    unread = at_once(visibility.unread_framework, actor)
    return {
        "shelves": [shelf(n, HEADINGS[n], rows, is_first=True) for n, rows in found.items()],
        "is_empty": not any(found.values()),
        "waiting": waiting[:WAITING],
        "waiting_longer": waiting[WAITING:WAITING_LONGER],
        "more_wait": len(waiting) > WAITING_LONGER,
        "owed": shown(at_once(_owed, actor)),
        "unread": unread[0] if unread else None,
        "digests": at_once(_digests, actor),
        **_procedures(actor),
    }


def _further(request: ScopedRequest, name: str) -> dict[str, Any]:
    rows = visibility.listed_for(request.actor)
    rows = rows.filter(phase__in=OVER) if name == "past" else rows.exclude(phase__in=OVER)
    after = request.GET[name]
    return {"shelves": [further(request.actor, name, HEADINGS[name], rows, after=after)]}


def _procedures(actor: Actor) -> dict[str, Any]:
    """The procedures that expire soon or did, and whether none is valid."""
    today = clocks.now().date()
    held = at_once(_held, actor)
    return {
        "expiring": [one for one in held if one.valid_until <= today + SOON],
        "has_no_procedure": not any(one.is_valid(today) for one in held),
        "today": today,
    }


# --- what is asked for ----------------------------------------------------------------------------


def listed(actor: Actor) -> QuerySet[Involvement]:
    """The newest that are open, and the newest that are past, in any order."""
    rows = visibility.listed_for(actor)
    return rows.exclude(phase__in=OVER)[:READ].union(rows.filter(phase__in=OVER)[:READ], all=True)


def _age(involvement: Involvement) -> tuple[datetime, int]:
    return involvement.disclosed_at or clocks.now(), involvement.pk


def _waiting(actor: Actor) -> QuerySet[NoticeCopy]:
    return visibility.waiting_for(actor)[: WAITING_LONGER + 1]


def _owed(actor: Actor) -> QuerySet[Request]:
    return visibility.owed_by(actor)[:OWED]


def _digests(actor: Actor) -> QuerySet[Digest]:
    return visibility.digests_for(actor).prefetch_related(None)[:DIGESTS]


def _held(actor: Actor) -> QuerySet[Procedure]:
    return visibility.procedures_for(actor).filter(ended_at=None).prefetch_related(None)
