"""What is asked of the incident's partners, as its Partners tab lists it below each of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cases.admin.page import moments
from cases.admin.page.partners import PartnerRow
from cases.models import Incident, Request


@dataclass(frozen=True)
class Asked:
    """A request with its time in words and its colour."""

    request: Request
    words: str
    colour: str


@dataclass(frozen=True)
class Exchange:
    """One partner of the incident, and what is exchanged with it."""

    row: PartnerRow
    asked: list[Asked]


def rows(incident: Incident, partners: Sequence[PartnerRow], now: datetime) -> dict[str, Any]:
    """Each partner with its requests; one query, whatever their number."""
    asked: dict[int, list[Asked]] = defaultdict(list)
    found = Request.objects.filter(involvement__incident=incident)
    for request in found.order_by("due_at", "id"):
        asked[request.involvement_id].append(_asked(request, now))
    return {"exchanges": [Exchange(row, asked[row.involvement.pk]) for row in partners]}


def _asked(request: Request, now: datetime) -> Asked:
    if request.extension_until is not None:
        until = moments.short(request.extension_until, now)
        return Asked(request, f"asks for time until {until}", "warn")
    words = str(request.get_state_display())
    if request.is_overdue(now):
        return Asked(request, f"overdue since {moments.short(request.due_at, now)}", "bad")
    if request.state == Request.State.OPEN:
        return Asked(request, f"{words}, due {moments.short(request.due_at, now)}", "")
    is_ours = request.state == Request.State.ANSWERED
    return Asked(request, words, "warn" if is_ours else "mute")
