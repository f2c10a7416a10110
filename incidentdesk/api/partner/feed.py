"""What happened for the caller's partner, in order; and who the caller is."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest
from ninja import Router
from pydantic import BaseModel, Field

from cases import visibility
from incidentdesk.api.partner import door, paging
from incidentdesk.api.partner.door import PAGED, READ
from incidentdesk.api.partner.shapes import Event
from incidentdesk.kernel import access, grants
from incidentdesk.kernel.access import Actor, Permission

router = Router(tags=["feed"])
Number = Annotated[int, Field(ge=0, le=2**31 - 1, description="`next` of your last call.")]


class Feed(BaseModel):
    """Events in their order. `next` goes into the next call as `after`, also if none came."""

    items: list[Event]
    next: int


class Me(BaseModel):
    """Whose token this is, for whom it works, and what it may do just now."""

    name: str
    partner: str
    scopes: list[str]
    may_act: bool


@router.get("/feed", response={200: Feed, **READ}, operation_id="read_feed")
def read_feed(request: HttpRequest, after: Number = 0, limit: paging.Limit = 50) -> Feed:
    """What happened since: incidents disclosed, notices published, phases changed, requests
    opened. Begin with 0, then send the `next` of the last call; nothing is skipped or told twice.
    """

    def answer(by: Actor) -> Feed:
        rows = visibility.events_for(by).filter(number__gt=after)[:limit]
        items = [Event(**row.entry) for row in rows]
        return Feed(items=items, next=items[-1].number if items else after)

    return door.read(request, answer, known=PAGED)


@router.get("/me", response={200: Me, **READ}, operation_id="who_am_i")
def me(request: HttpRequest) -> Me:
    """Whose token this is."""
    by = door.read(request, lambda actor: actor)
    partner = grants.tenant_model()._default_manager.get(pk=by.tenant_id)
    return Me(
        name=by.name,
        partner=str(partner),
        scopes=sorted(by.scopes or ()),
        may_act=access.allows(by, Permission.PARTNER_ACT, partner),
    )
