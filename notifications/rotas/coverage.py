"""Hours in which nobody is on call: found weeks ahead, and mailed to the owner once a change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, time, timedelta
from functools import partial

from incidentdesk.kernel import due
from notifications.models import Rota
from notifications.rotas import changing, oncall, rota
from notifications.rotas.spans import Span, joined, without

WEEKS = 4
MOST_LISTED = 20
MOST_ROTAS = 1000


def horizon(at: datetime) -> datetime:
    """Until when is looked ahead: the Monday, 00:00 UTC, that ends the fourth week after this one.

    It moves once a week, so that a rota that is open for good is told of once a week at most.
    """
    monday = at.astimezone(UTC).date() - timedelta(days=at.astimezone(UTC).weekday())
    return datetime.combine(monday + timedelta(weeks=WEEKS + 1), time(0), UTC)


def gaps(row: Rota, *, at: datetime) -> list[Span]:
    """The hours from now to the horizon in which nobody is on call of a rota."""
    ends = horizon(at)
    return rota.gaps(rota.schedule(oncall.plan(row, at, ends), at, ends), at, ends)


def look_ahead(*, at: datetime) -> int:
    """Mail each owner the gaps of their rota if there is one that they do not know of; how many
    were mailed."""
    rows = oncall.active().select_related("holidays", "owner")
    return sum(due.each(rows, partial(_look_at, at=at), most=MOST_ROTAS))


def _look_at(row: Rota, *, at: datetime) -> bool:
    found = gaps(row, at=at)
    is_news = bool(without(found, _read(row.gaps_told)))
    told = [[starts.isoformat(), ends.isoformat()] for starts, ends in found]
    if told != row.gaps_told:
        row.gaps_told = told
        row.save(update_fields=["gaps_told"])
    if is_news:
        changing.tell(
            row.owner,
            row,
            "Nobody is on call in some of the coming weeks.",
            _listed(found, row.zone),
            key=f"gaps:{row.pk}:{at.isoformat()}",
            at=at,
        )
    return is_news


def _read(told: Sequence[Sequence[str]]) -> list[Span]:
    return joined(
        (datetime.fromisoformat(starts), datetime.fromisoformat(ends)) for starts, ends in told
    )


def _listed(found: Iterable[Span], zone: str) -> list[str]:
    lines = [oncall.words(starts, ends, zone) for starts, ends in found]
    more = len(lines) - MOST_LISTED
    return lines[:MOST_LISTED] + ([f"And {more} more on its page."] if more > 0 else [])
