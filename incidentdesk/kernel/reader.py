"""Who reads a page of the desk, and that an auditor's reading is written down."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

from django.http import HttpRequest

from incidentdesk.kernel import access, audit, clocks
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.models import User

OF_RESTRICTED = timedelta(minutes=10)


def actor(request: HttpRequest) -> Actor:
    """The member of staff behind this request."""
    found = getattr(request, "_desk_actor", None)
    if found is None:
        found = access.actor_for(cast(User, request.user))
        request._desk_actor = found  # type: ignore[attr-defined]
    return cast(Actor, found)


def note_reading(
    request: HttpRequest, obj: Any, name: str = "", *, once_in: timedelta = timedelta(0)
) -> None:
    """An auditor reads everything, and every reading is recorded; of a list, what was asked.

    What is open to named people alone is recorded for everybody who reads it, within ten minutes
    once. `once_in` is for a page that fetches itself: within it, one reading stands for the next.
    """
    by, at = actor(request), clocks.now()
    if not by.is_auditor:
        if not getattr(obj, "is_restricted", False):
            return
        once_in = max(once_in, OF_RESTRICTED)
    line: dict[str, Any] = {"action": "read", "about": f"{obj._meta.model_name}:{obj.pk or 'list'}"}
    line |= {"name": name or str(obj)}
    if not (once_in and audit.is_known(actor=by, since=at - once_in, **line)):
        audit.record(by=by, at=at, **line)
