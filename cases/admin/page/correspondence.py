"""What is asked of the incident's partners and written with them, as its Partners tab has it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cases import correspondence
from cases.admin.page import moments
from cases.admin.page.partners import PartnerRow
from cases.models import FactsPackage, Incident, Procedure, Remark, Request

MOST = 200  # of all partners together, the newest


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
    remarks: list[tuple[Remark, str]]  # oldest first, with when
    waits: bool  # the partner wrote, and nobody answered
    procedures: list[Procedure]  # for its own users, valid now
    packages: list[FactsPackage]  # newest first


def rows(incident: Incident, partners: Sequence[PartnerRow], now: datetime) -> dict[str, Any]:
    """Each partner with its requests, thread and facts; five queries, whatever their number."""
    asked: dict[int, list[Asked]] = defaultdict(list)
    found = Request.objects.filter(involvement__incident=incident)
    for request in found.order_by("due_at", "id"):
        asked[request.involvement_id].append(_asked(request, now))
    handed: dict[int, list[FactsPackage]] = defaultdict(list)
    for package in FactsPackage.objects.filter(involvement__incident=incident):
        handed[package.involvement_id].append(package)
    written, held = _remarks(incident, now), _procedures(incident, now)
    return {"exchanges": [_exchange(row, asked, written, held, handed) for row in partners]}


def _exchange(
    row: PartnerRow,
    asked: dict[int, list[Asked]],
    written: dict[int, list[tuple[Remark, str]]],
    held: dict[int, list[Procedure]],
    handed: dict[int, list[FactsPackage]],
) -> Exchange:
    remarks = written[row.involvement.pk]
    waits = any(not remark.is_ours and remark.seen_at is None for remark, _ in remarks)
    valid = held[row.involvement.partner_id]
    pk = row.involvement.pk
    return Exchange(row, asked[pk], remarks, waits, valid, handed[pk])


def _procedures(incident: Incident, now: datetime) -> dict[int, list[Procedure]]:
    held: dict[int, list[Procedure]] = defaultdict(list)
    of_these = incident.involvements.values("partner_id")
    for one in correspondence.valid_procedures(now).filter(partner__in=of_these):
        held[one.partner_id].append(one)
    return held


def _remarks(incident: Incident, now: datetime) -> dict[int, list[tuple[Remark, str]]]:
    found = Remark.objects.filter(involvement__incident=incident)
    newest = found.select_related("user").prefetch_related("files").order_by("-id")[:MOST]
    written: dict[int, list[tuple[Remark, str]]] = defaultdict(list)
    for remark in reversed(newest):
        written[remark.involvement_id].append((remark, moments.short(remark.at, now)))
    return written


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
