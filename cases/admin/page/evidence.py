"""The evidence of an incident as its page lists it, each piece with the newest of its custody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, OuterRef, Prefetch, QuerySet, Subquery
from django.template.defaultfilters import filesizeformat
from django.urls import reverse

from cases import custody, queries, reading
from cases.admin.page import moments
from cases.models import CustodyEvent, Evidence, Incident
from incidentdesk.kernel.access import Actor

ROWS = 200
LINKS = 10  # of the chain; the whole of it is on the piece's own page
SHORT = 12


@dataclass(frozen=True)
class Piece:
    """One piece of evidence in words."""

    piece: Evidence
    size: str
    short_hash: str
    collected: str
    places: str
    links: list[tuple[CustodyEvent, str]]
    more: int  # links that are not shown
    is_faulty: bool  # the newest verification found another file, or none


def rows(incident: Incident, by: Actor, total: int, now: datetime) -> dict[str, Any]:
    """The pieces that this person may see, and how many others there are. Two queries."""
    newest = CustodyEvent.objects.order_by("-id")[:LINKS]
    found = (
        with_verdict(queries.evidence_visible_to(by))
        .filter(incident=incident)
        .select_related("task", "affected_system__system", "added_by")
        .prefetch_related(Prefetch("custody", queryset=newest, to_attr="newest"))
        .annotate(links=Count("custody"))
        .order_by("-id")
    )
    shown = list(found[:ROWS])
    reading.custody_without_hidden_names((link for row in shown for link in row.newest), by)
    pieces = [_piece(piece, now) for piece in shown]
    return {
        "pieces": pieces,
        "hidden": total - len(pieces) if len(pieces) < ROWS else 0,
        "export_url": reverse("admin:cases_evidence_export", args=[incident.pk]),
    }


def _piece(piece: Any, now: datetime) -> Piece:
    links = [(link, moments.short(link.at, now)) for link in piece.newest]
    return Piece(
        piece,
        filesizeformat(piece.size),
        piece.sha256[:SHORT],
        moments.short(piece.collected_at, now),
        places(piece),
        links,
        piece.links - len(links),
        is_faulty(piece),
    )


def with_verdict(pieces: QuerySet[Evidence]) -> QuerySet[Any]:
    """Each with `verdict`, what its newest verification found."""
    newest = CustodyEvent.objects.filter(
        evidence=OuterRef("pk"), action=CustodyEvent.Action.VERIFIED
    ).order_by("-id")
    return pieces.annotate(verdict=Subquery(newest.values("detail")[:1]))


def is_faulty(piece: Any) -> bool:
    """Whether the file is known not to be what was added."""
    return str(piece.verdict or "").startswith(custody.FAULT)


def places(piece: Evidence) -> str:
    """What it belongs to, in words."""
    system = piece.affected_system.system.name if piece.affected_system else ""
    return " · ".join(words for words in (piece.task.text if piece.task else "", system) if words)
