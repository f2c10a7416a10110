"""The desk's first page: what happens now, what needs this person, and how well it went lately.

Wiring: it asks the packages and decides nothing. The page costs a fixed number of queries.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpRequest

from cases import handing, queries
from cases.models import Incident
from incidentdesk.dashboard import figures, needs, trends, well
from incidentdesk.kernel import access, clocks, desk
from incidentdesk.kernel.access import Permission
from notifications.rotas import oncall
from reviews import queries as reviews


def context(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What `templates/admin/index.html` shows. An auditor's reading is recorded: once an hour,
    since the page fetches itself while somebody looks at it."""
    by, at = desk.actor(request), clocks.now()
    desk.note_reading(request, Incident(), request.path, once_in=timedelta(hours=1))
    counted = figures.read(by, at=at)
    return {
        **context,
        "title": "Dashboard",
        "at": at,
        "faults": well.faults(),
        "may_declare": access.allows(by, Permission.INCIDENT_DECLARE),
        "shift": handing.shift_of(by, counted.in_hands, at=at),
        "figures": counted,
        "shared": queries.shared_systems(by),
        "needs": needs.of(by, at=at, is_whole=request.GET.get("needs") == "all"),
        "board": figures.board(by, at=at),
        "on_call": oncall.now(oncall.active(), at=at),
        "medians": trends.medians(by, at=at),
        "weeks": trends.weeks(by, at=at),
        "actions": reviews.actions_in_time(by, since=at - timedelta(days=trends.DAYS), at=at),
    }
