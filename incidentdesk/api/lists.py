"""Lists and rows as addresses: one line each. Newest first, page by page with a cursor.

A page costs the same number of queries whatever it holds. What the caller may not see is not there.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from typing import Annotated, Any, Literal

from django.db.models import QuerySet
from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field, create_model

from incidentdesk.api import fields, sight
from incidentdesk.api.calls import PLACE, numbered
from incidentdesk.api.door import REFUSALS, Refusal
from incidentdesk.api.shapes import Shape
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.errors import InvalidInput, NotFound

MOST = 100  # rows on a page
Limit = Annotated[int, Field(ge=1, le=MOST)]
Cursor = Annotated[int, Field(ge=1, le=2**63 - 1)]
Filter = tuple[Any, str | Callable[[QuerySet[Any], Any, Actor], QuerySet[Any]]]
_READ: dict[int, type[Refusal]] = {code: REFUSALS[code] for code in (401, 403, 404, 422, 429)}


def rows(
    router: Router,
    path: str,
    shape: Shape,
    seen: sight.Seen,
    *,
    filters: Mapping[str, Filter] | None = None,
    within: Callable[[QuerySet[Any], dict[str, int]], QuerySet[Any]] | None = None,
    oldest_first: bool = False,
    doc: str = "",
) -> None:
    """Offer a list at `GET path`. `{incident_id}` in the path narrows it to that one's rows, by
    the column of that name or as `within` says.

    A filter is its type and the lookup (or a function of rows, value and caller) that it means.
    """
    parents, known = PLACE.findall(path), filters or {}

    def view(request: HttpRequest, **sent: Any) -> dict[str, Any]:
        by: Actor = request.auth  # type: ignore[attr-defined]
        require_known(request, known)
        parent = {one: sent[one] for one in parents}
        for one, pk in parent.items():
            sight.require(one, pk, by)
        inside = within(seen(by), parent) if within else seen(by).filter(**parent)
        found = _narrowed(inside, known, sent, by)
        sight.note_reading(by, request.path.removeprefix("/api/v1/"), filters=dict(request.GET))
        return _page(shape, found, sent, by, oldest_first=oldest_first)

    plural = path.strip("/").replace("{", "").replace("}", "").replace("/", "_").replace("-", "_")
    view.__name__, view.__doc__ = f"list_{plural}", doc
    view.__signature__ = _signature(parents, known)  # type: ignore[attr-defined]
    page: Any = create_model(
        f"{plural}_page",
        items=(list[shape.schema], ...),  # type: ignore[name-defined]
        next=(int | None, Field(..., description="The cursor of the next page; null at the end.")),
    )
    router.get(numbered(path), response={200: page, **_READ}, operation_id=view.__name__)(view)


def row(router: Router, path: str, shape: Shape, *, doc: str = "") -> None:
    """Offer one row at `GET path`, whose last part is `{…_id}`."""
    (name,) = PLACE.findall(path)

    def view(request: HttpRequest, **sent: Any) -> dict[str, Any]:
        by: Actor = request.auth  # type: ignore[attr-defined]
        require_known(request, {}, paged=False)
        found = shape.rows(sight.SEEN[name](by).filter(pk=sent[name]).order_by(), by)
        if not found:
            raise NotFound(f"There is no {name.removesuffix('_id')} {sent[name]}.")
        sight.note_reading(by, f"{shape.model._meta.model_name}:{sent[name]}")
        return found[0]

    view.__name__, view.__doc__ = f"get_{name.removesuffix('_id')}", doc
    view.__signature__ = _signature([name], {}, paged=False)  # type: ignore[attr-defined]
    router.get(numbered(path), response={200: shape.schema, **_READ}, operation_id=view.__name__)(
        view
    )


def _signature(
    ids: list[str], known: Mapping[str, Filter], *, paged: bool = True
) -> inspect.Signature:
    keyword = inspect.Parameter.KEYWORD_ONLY
    found = [inspect.Parameter("request", inspect.Parameter.POSITIONAL_OR_KEYWORD)]
    found += [inspect.Parameter(one, keyword, annotation=fields.PathId) for one in ids]
    asked: dict[str, Any] = {name: kind for name, (kind, _) in known.items()}
    if paged:
        asked |= {"cursor": Cursor}
    for name, kind in asked.items():
        default: Any = Query(None)  # type: ignore[type-arg]
        found.append(inspect.Parameter(name, keyword, default=default, annotation=kind | None))
    if paged:
        limit: Any = Query(50)  # type: ignore[type-arg]
        found.append(inspect.Parameter("limit", keyword, default=limit, annotation=Limit))
    return inspect.Signature(found)


def require_known(request: HttpRequest, known: Collection[str], *, paged: bool = True) -> None:
    """Refuse what follows the question mark and is no filter here, or stands there twice."""
    may = {*known, *(("cursor", "limit") if paged else ())}
    for name, values in request.GET.lists():
        if name not in may:
            others = ", ".join(sorted(may)) or "none"
            there = "are" if len(may) > 1 else "is"
            raise InvalidInput(f"There is no filter {name}; there {there} {others}.")
        if len(values) > 1:
            raise InvalidInput(f"{name} stands in the address twice; give it once.")


def _narrowed(
    found: QuerySet[Any], known: Mapping[str, Filter], sent: Mapping[str, Any], by: Actor
) -> QuerySet[Any]:
    for name, (_, meaning) in known.items():
        value = sent[name]
        if value is not None:
            found = (
                found.filter(**{meaning: value})
                if isinstance(meaning, str)
                else meaning(found, value, by)
            )
    return found


def _page(
    shape: Shape, found: QuerySet[Any], sent: Mapping[str, Any], by: Actor, *, oldest_first: bool
) -> dict[str, Any]:
    cursor, limit = sent["cursor"], sent["limit"]
    if cursor is not None:
        found = found.filter(pk__gt=cursor) if oldest_first else found.filter(pk__lt=cursor)
    page = shape.rows(found.order_by("pk" if oldest_first else "-pk")[: limit + 1], by)
    has_more = len(page) > limit
    return {"items": page[:limit], "next": page[limit - 1]["pk"] if has_more else None}


def choice(field: Any) -> Any:
    """The values of a column that holds one of a few."""
    return Literal[tuple(key for key, _ in field.choices)]


def is_set(path: str) -> Callable[[QuerySet[Any], Any, Actor], QuerySet[Any]]:
    """A filter by whether a column holds something."""

    def narrowed(found: QuerySet[Any], value: Any, by: Actor) -> QuerySet[Any]:
        return found.filter(**{f"{path}__isnull": not value})

    return narrowed
