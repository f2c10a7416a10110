"""The door of the partners' API: whose token it is, and the scope in which its reads run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, TypeVar

from django.conf import settings
from django.http import HttpRequest
from ninja import Header
from ninja.security import HttpBearer
from pydantic import Field

from incidentdesk.api import calls, door, lists
from incidentdesk.api.door import REFUSALS, Refusal
from incidentdesk.kernel import clocks, once, tokens
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.scope import partner_scope
from partners.portal import urls as portal  # which says how references look in addresses

T = TypeVar("T")
assert portal.IncidentReference.regex  # noqa: S101 -- at the start
READ: dict[int, type[Refusal]] = {code: REFUSALS[code] for code in (401, 403, 404, 422, 429)}
WROTE = REFUSALS
PAGED = ("after", "limit")
Key = Annotated[str | None, Field(min_length=1, max_length=200)]
KEY: Any = Header(  # type: ignore[type-arg]
    None, alias="Idempotency-Key", description=calls.KEY_WORDS
)


class PartnerBearer(HttpBearer):
    """`Authorization: Bearer partner_…`; the caller becomes `request.auth`, an Actor."""

    def authenticate(self, request: HttpRequest, token: str) -> Actor | None:
        """Whose token this is, if it works now and was not used too often."""
        return door.admitted(request, token, tokens.find_of_partner(token, at=clocks.now()))


class PartnerAPI(door.DeskAPI):
    """The same door, for partners."""

    unauthenticated = (
        "Send a token that works as “Authorization: Bearer partner_…”; make one in the portal, "
        "under Tokens."
    )


partner_api = PartnerAPI(
    title=f"{settings.ORGANISATION_NAME} incidents, for partners",
    description="What concerns your company, for your programs.",
    urls_namespace="partner_api",
    auth=PartnerBearer(),
)


def read(request: HttpRequest, answer: Callable[[Actor], T], *, known: tuple[str, ...] = ()) -> T:
    """Answer inside the scope of the caller's partner; a filter that is not known is refused."""
    lists.require_known(request, known, paged=False)
    return _inside(_actor(request), answer)


def act(
    request: HttpRequest,
    prove: Callable[[Actor], int | None],
    run: Callable[[Any, Actor, datetime], Any],
    *,
    key: str | None,
    takes_body: bool = True,
) -> Any:
    """Find what it is about inside the scope, leave it, call the use case as the application."""
    actor = _actor(request)
    found = _inside(actor, prove)
    calls.require_no_more(request, takes_body=takes_body)
    own_key = f"{actor.tenant_id}:{key}" if key else ""
    with once.claimed_by_key(request, own_key, user_id=actor.person_id):
        return run(found, actor, clocks.now())


def again(request: HttpRequest, answer: Callable[[Actor], T]) -> T:
    """What was changed, as the caller reads it now."""
    return _inside(_actor(request), answer)


def _actor(request: HttpRequest) -> Actor:
    found: Actor = request.auth  # type: ignore[attr-defined]
    return found


def _inside(actor: Actor, answer: Callable[[Actor], T]) -> T:
    with partner_scope(actor.tenant_id):
        return answer(actor)
