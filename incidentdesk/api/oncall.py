"""Who is on call now, for each rota in use."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Router
from pydantic import BaseModel

from incidentdesk.api import lists, sight
from incidentdesk.api.door import REFUSALS
from incidentdesk.kernel import access, clocks
from incidentdesk.kernel.access import Actor, Permission
from notifications.rotas import oncall

router = Router(tags=["registers"])


class OnCall(BaseModel):
    """A rota, and who is on call of it; nobody (null) in a gap.

    `until` is null if the same person, or nobody, is on call for the next two weeks at least.
    """

    rota_id: int
    rota: str
    user_id: int | None
    name: str | None
    layer: str | None
    until: datetime | None


class Now(BaseModel):
    """All rotas in use, by name."""

    at: datetime
    items: list[OnCall]


@router.get(
    "/oncall",
    response={200: Now, **{code: REFUSALS[code] for code in (401, 403, 404, 422, 429)}},
    operation_id="list_oncall",
)
def on_call(request: HttpRequest) -> dict[str, Any]:
    """Who is on call at this moment."""
    by: Actor = request.auth  # type: ignore[attr-defined]
    lists.require_known(request, {}, paged=False)
    access.require(by, Permission.INCIDENT_READ)
    sight.note_reading(by, "oncall")
    at = clocks.now()
    return {"at": at, "items": [_item(one) for one in oncall.now(oncall.active(), at=at)]}


def _item(one: oncall.OnCall) -> dict[str, Any]:
    person = one.person
    return {
        "rota_id": one.rota.pk,
        "rota": one.rota.name,
        "user_id": person.pk if person else None,
        "name": str(person) if person else None,
        "layer": one.source or None,
        "until": one.until,
    }
