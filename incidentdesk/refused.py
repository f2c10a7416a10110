"""Denied accesses: who asks, logged in, for what they may not have leaves a line in the trail.

That is a page or a call that answered “you may not” (403), one about something that is not there or
not theirs to know of (404, or the way to the first page, by which Django's admin and the portal say
it), a list asked to filter by what it does not offer (400), and a use case that said no. An address
that does not exist is none.
Once a minute for each person and address, and no more than so many of a person: it is no flood.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.core.cache import cache
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse

from incidentdesk import logs
from incidentdesk.kernel import access, audit, callers, clocks, counted
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.errors import REFUSED
from incidentdesk.kernel.shown_once import digest

ONCE_IN = 60  # seconds
MOST = 30  # lines of a person in a minute; one more says that there were more
DESK, LOGIN = "/admin/", "/admin/login/"  # the second only leads on
PORTAL = "/portal/"
logger = logging.getLogger(__name__)


class RefusedMiddleware:
    """Writes down what a person in a browser was refused; the answer stays as it is."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request."""
        answer = self.get_response(request)
        if _is_refusal(request, answer) and request.user.is_authenticated:
            actor = getattr(request, "actor", None) or access.actor_for(request.user)
            note(request, who=actor, status=answer.status_code)
        return answer


def _is_refusal(request: HttpRequest, answer: HttpResponseBase) -> bool:
    if answer.status_code == 403 or hasattr(request, REFUSED):
        return True
    place = request.path_info
    is_strange = place.startswith(DESK) and place != LOGIN and not getattr(request.user, "roles", 0)
    if is_strange or _is_led_away(request, answer):
        return True
    is_list = place.startswith(DESK) and request.resolver_match is not None
    return (answer.status_code == 404 and _named(request) is not None) or (
        answer.status_code == 400 and is_list
    )


def _is_led_away(request: HttpRequest, answer: HttpResponseBase) -> bool:
    """Asked for one thing, and led to the first page of the desk: it is not there for them."""
    if answer.status_code != 302 or answer.headers.get("Location") != reverse("admin:index"):
        return False
    match = request.resolver_match
    is_one = match is not None and (match.url_name or "").endswith("_change")
    return is_one or (request.path_info.startswith(PORTAL) and request.path_info != PORTAL)


def note_call(request: HttpRequest, answer: HttpResponseBase, *, who: object) -> None:
    """The same of a call to the API; `who` is whose token it was, if it was one."""
    if answer.status_code in (403, 404) and isinstance(who, Actor):
        note(request, who=who, status=answer.status_code)


def note(request: HttpRequest, *, who: Actor, status: int) -> None:
    """Write it down, unless the same was a moment ago."""
    at, path = clocks.now(), logs.masked(_clean(request.path_info))
    if not cache.add(f"refused:{who.user_id}:{digest(path)[:32]}", 1, ONCE_IN):
        return
    minute = int(at.timestamp()) // 60
    number = counted.count(f"refused-of:{who.user_id}:{minute}", seconds=2 * ONCE_IN)
    if number > MOST + 1:
        return
    about, detail = _named(request) or "page", {"page": path[:300], "status": status}
    if number == MOST + 1:
        about, detail = "page", {"page": "more in this minute, which are not listed"}
    detail |= {"method": request.method, "address": callers.address(request)}
    try:
        audit.record(by=who, at=at, action=audit.REFUSED, about=about, **detail)
    except (DatabaseError, InterfaceError) as error:  # the refusal stands all the same
        logger.error("a refusal could not be written down: %s", error)


def _named(request: HttpRequest) -> str | None:
    """What an address that there is is about, as the audit trail names it; None: there is none."""
    match: Any = request.resolver_match
    if match is None or not match.kwargs:
        return None
    if match.url_name is None and "url" in match.kwargs:  # the admin's answer to any other address
        return None
    for name, value in match.kwargs.items():
        kind = (match.url_name or "").split("_")
        if name == "object_id" and len(kind) > 1:
            return _clean(f"{kind[1]}:{value}")[:120]
        if name.endswith("_id"):
            return _clean(f"{name.removesuffix('_id')}:{value}")[:120]
    return "page"


def _clean(text: str) -> str:
    """Without the one letter that no text of the database can have."""
    return text.replace("\0", "�")
