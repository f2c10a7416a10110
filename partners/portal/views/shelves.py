"""Pages of a list of incidents, each going on behind the last incident of the one before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Q, QuerySet
from django.http import Http404
from django.utils.dateparse import parse_datetime

from cases import visibility
from cases.models import Involvement
from cases.models.incident import OVER
from incidentdesk.kernel.access import Actor

PAGE = 25
SEARCHED = 20_000  # incidents that one search looks at; reading their updates takes its time


@dataclass(frozen=True)
class Shelf:
    """One page of a list, and the reference behind which the next page begins."""

    rows: list[tuple[Involvement, datetime | None]]  # each with when it was over
    last: str
    is_first: bool = True
    searched_to: datetime | None = None  # where a search rested, if it found no full page


def shelf(found: Sequence[Involvement], most: int = PAGE, *, is_first: bool = True) -> Shelf:
    """The first `most` of these rows, of which one more was read if there is one."""
    last = found[most - 1].reference if len(found) > most else ""
    paged = [(row, moment(row, row.phase) if row.phase in OVER else None) for row in found[:most]]
    return Shelf(paged, last, is_first)


def further(
    actor: Actor, rows: QuerySet[Involvement], *, after: str, words: Sequence[str] = ()
) -> Shelf:
    """A page of these rows, beginning behind the incident `after`; the first without one.

    A search for `words` looks at a bounded number of incidents, and rests behind the last of
    those; one that is looked for by its reference is found however old it is.
    """
    behind = _comes_after(actor, after) if after else Q()
    rows, rest = rows.filter(behind), _rest(actor, behind) if words else None
    if rest is None:
        return shelf(list(rows[: PAGE + 1]), is_first=not after)
    since, pk = rest.disclosed_at, rest.pk
    near = Q(disclosed_at__gte=since) & (Q(disclosed_at__gt=since) | Q(id__gte=pk))
    named = Q(reference=words[0].upper()) if len(words) == 1 else Q(pk=None)
    listed = list(rows.filter(near)[: PAGE + 1]) or list(rows.filter(named)[:1])
    found = shelf(listed, is_first=not after)
    if found.last:
        return found
    return replace(found, last=rest.reference, searched_to=since)


def _rest(actor: Actor, behind: Q) -> Involvement | None:
    """The last incident that one search looks at, if there are more behind it."""
    ahead = visibility.involvements_for(actor).filter(behind)[SEARCHED - 1 : SEARCHED + 1]
    found = list(ahead)
    return found[0] if len(found) > 1 else None


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
