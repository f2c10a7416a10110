"""Pages of a list of incidents, each going on behind the last incident of the one before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet
from django.http import Http404
from django.utils.dateparse import parse_datetime

from cases import visibility
from cases.models import Involvement
from cases.models.incident import OVER
from incidentdesk.kernel.access import Actor

PAGE = 25


@dataclass(frozen=True)
class Shelf:
    """One page of a list, and the reference behind which the next page begins."""

    rows: list[tuple[Involvement, datetime | None]]  # each with when it was over
    last: str
    is_first: bool = True


def shelf(found: Sequence[Involvement], most: int = PAGE, *, is_first: bool = True) -> Shelf:
    """The first `most` of these rows, of which one more was read if there is one."""
    last = found[most - 1].reference if len(found) > most else ""
    paged = [(row, moment(row, row.phase) if row.phase in OVER else None) for row in found[:most]]
    return Shelf(paged, last, is_first)


def further(actor: Actor, rows: QuerySet[Involvement], *, after: str) -> Shelf:
    """A page of these rows, beginning behind the incident `after`; the first without one."""
    if after:
        rows = rows.filter(_comes_after(actor, after))
    return shelf(list(rows[: PAGE + 1]), is_first=not after)


def moment(involvement: Involvement, phase: str) -> datetime | None:
    """When the incident came into `phase`."""
    return parse_datetime(str(involvement.phase_times.get(phase) or ""))


def _comes_after(actor: Actor, reference: str) -> Q:
    """Older than this incident: the next page begins there, whatever has come since."""
    known = visibility.involvements_for(actor).filter(reference=reference.replace("\0", ""))
    last = known.values_list("disclosed_at", "id").first()
    if last is None:
        raise Http404
    disclosed_at, pk = last
    return Q(disclosed_at__lte=disclosed_at) & (Q(disclosed_at__lt=disclosed_at) | Q(id__lt=pk))
