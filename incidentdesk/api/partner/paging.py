"""Lists page by page: a page goes on after a reference of the partner's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, TypeVar

from django.db.models import Model, Q, QuerySet
from pydantic import Field

from incidentdesk.api import fields
from incidentdesk.kernel.errors import NotFound

R = TypeVar("R", bound=Model)
MOST = 100
Limit = Annotated[int, Field(ge=1, le=MOST)]
After = Annotated[
    fields.Word | None, Field(description="`next` of the page before: its last reference.")
]


def page(
    rows: QuerySet[R], order: Sequence[str], *, after: str | None, limit: int
) -> tuple[list[R], str | None]:
    """So many rows in this order (two keys, of which the second is never twice), and the reference
    after which the next page begins."""
    if after is not None:
        names = [key.removeprefix("-") for key in order]
        last = rows.filter(reference=after).values_list(*names).first()
        if last is None:
            raise NotFound(f"There is no {after} to go on after.")
        rows = rows.filter(_beyond(order, last))
    found = list(rows.order_by(*order)[: limit + 1])
    more = len(found) > limit
    return found[:limit], found[limit - 1].reference if more else None  # type: ignore[attr-defined]


def _beyond(order: Sequence[str], last: Sequence[object]) -> Q:
    (first, second), (ways_first, ways_second) = zip(*map(_way, order), strict=True)
    at_most = Q(**{f"{first}__{ways_first}e": last[0]})
    return at_most & (
        Q(**{f"{first}__{ways_first}": last[0]}) | Q(**{f"{second}__{ways_second}": last[1]})
    )


def _way(key: str) -> tuple[str, str]:
    return (key[1:], "lt") if key.startswith("-") else (key, "gt")
