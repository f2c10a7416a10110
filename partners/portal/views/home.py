"""The first page: what waits for this partner, what is open, what ended last.

It is the page that is read most, so what it asks for is planned once a connection.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from cases import visibility
from cases.models import Digest, Framework, Involvement, NoticeCopy, Procedure, Request
from cases.models.incident import OVER
from incidentdesk.kernel import clocks, grants
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.asking import at_once
from incidentdesk.kernel.scope import ScopedRequest
from partners.models import Partner
from partners.portal.views.requests import shown
from partners.portal.views.shelves import PAGE, shelf

WAITING, WAITING_LONGER, OWED, DIGESTS, PAST = 3, 10, 10, 3, 5
LOOKED_AT = 30  # of the newest notices that wait; the worst of them come first
DUE_SOON = timedelta(days=2)  # from then on a request comes before what has time
SOON = timedelta(days=60)  # before a procedure expires


@require_safe
def index(request: ScopedRequest) -> HttpResponse:
    """All of it; the history goes on where a list ends."""
    actor = request.actor
    newest = sorted(at_once(listed, actor), key=_age, reverse=True)
    waiting = sorted(at_once(_waiting, actor), key=_severity)
    owed, soon = shown(at_once(_owed, actor)), clocks.now() + DUE_SOON
    unread = next(iter(at_once(_unread, actor)), None)
    context = {
        "open": shelf([one for one in newest if one.phase not in OVER]),
        "past": shelf([one for one in newest if one.phase in OVER], PAST),
        "is_empty": not newest,
        "waiting": waiting[:WAITING],
        "waiting_longer": waiting[WAITING:WAITING_LONGER],
        "more_wait": len(waiting) > WAITING_LONGER,
        "pressing": [one for one in owed if one.request.due_at <= soon],
        "owed": [one for one in owed if one.request.due_at > soon],
        "unread": unread,
        "acknowledges": unread is not None and _acknowledges(request, unread),
        "digests": at_once(_digests, actor),
        "now": clocks.now(),
        **_procedures(actor),
    }
    return render(request, "portal/incidents/index.html", context)


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
    """The newest that are open, and the newest that are past, in any order; one more of each."""
    rows = visibility.listed_for(actor)
    is_open, past = rows.exclude(phase__in=OVER), rows.filter(phase__in=OVER)
    return is_open[: PAGE + 1].union(past[: PAST + 1], all=True)


def _age(involvement: Involvement) -> tuple[datetime, int]:
    return involvement.disclosed_at or clocks.now(), involvement.pk


def _waiting(actor: Actor) -> QuerySet[NoticeCopy]:
    return visibility.waiting_for(actor)[:LOOKED_AT]


def _unread(actor: Actor) -> QuerySet[Framework]:
    """The framework that nobody there acknowledged, and who could: see `who_acknowledges`."""
    administrators = grants.on(Partner(pk=actor.tenant_id), "administer").order_by()
    return visibility.unread_framework(actor).annotate(
        is_administered=Exists(administrators),
        is_for_reader=Exists(administrators.filter(user_id=actor.user_id or 0)),
    )


def _acknowledges(request: ScopedRequest, unread: Any) -> bool:
    may = unread.is_for_reader or (request.may_act and not unread.is_administered)
    return bool(may) and not request.is_viewed


def _severity(notice: NoticeCopy) -> int:
    """Of its incident, for this partner; of two that are as bad the newer stays first."""
    return notice.involvement.severity


def _owed(actor: Actor) -> QuerySet[Request]:
    return visibility.owed_by(actor)[:OWED]


def _digests(actor: Actor) -> QuerySet[Digest]:
    return visibility.digests_for(actor).prefetch_related(None)[:DIGESTS]


def _held(actor: Actor) -> QuerySet[Procedure]:
    return visibility.procedures_for(actor).filter(ended_at=None).prefetch_related(None)
