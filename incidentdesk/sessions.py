"""Sessions at the edge: how they are kept, and the middleware that ends those that are over.

The times stand in the session itself, which is read for each page in any case: looking costs no
query, and once a minute one statement to note that somebody is there.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, cast

from django.conf import settings
from django.contrib import auth, messages
from django.contrib.sessions.backends import db
from django.http import HttpRequest, HttpResponseBase

from incidentdesk.kernel import callers, clocks, sessions
from incidentdesk.kernel.fresh import BEGAN
from incidentdesk.kernel.models import Session

SEEN, ADDRESS, DEVICE = "seen", "address", "device"
NOTED = 60.0  # seconds
POLL = "X-Poll"  # a page that asks by itself sends it while nobody touches it


class SessionStore(db.SessionStore):
    """Keeps beside a session whose it is, from where, and since when."""

    @classmethod
    def get_model_class(cls) -> type[Session]:
        """The table."""
        return Session

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        """The row to be written."""
        user_id = data.get(auth.SESSION_KEY)
        if user_id and BEGAN not in data:
            data[BEGAN] = data[SEEN] = clocks.now().timestamp()
        row = cast(Session, super().create_model_instance(data))
        if user_id:
            row.user_id = int(user_id)
            row.began_at, row.seen_at = _moment(data[BEGAN]), _moment(data[SEEN])
            row.address, row.device = data.get(ADDRESS, ""), data.get(DEVICE, "")
        return row


class SessionLimitsMiddleware:
    """Logs out whose session is over, before anything is shown."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request."""
        if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
            if said := over(request):
                auth.logout(request)
                messages.info(request, said)
            elif POLL not in request.headers:
                _note(request)
        return self.get_response(request)


def begin(request: HttpRequest) -> None:
    """Somebody logged in here just now."""
    now = clocks.now().timestamp()
    request.session[BEGAN] = now
    _seen(request, now)


def over(request: HttpRequest) -> str:
    """Why the session of this request is over, in a sentence; empty: it goes on."""
    limits = sessions.limits_of(getattr(request.user, "roles", ()))
    began, seen = (request.session.get(key, 0.0) for key in (BEGAN, SEEN))
    times = {"began_at": _moment(began), "seen_at": _moment(seen)}
    return sessions.over(limits, **times, at=clocks.now())


def _note(request: HttpRequest) -> None:
    now = clocks.now().timestamp()
    if now - request.session[SEEN] >= NOTED:
        _seen(request, now)


def _seen(request: HttpRequest, now: float) -> None:
    request.session[SEEN] = now
    request.session[ADDRESS] = callers.address(request)[:45]
    request.session[DEVICE] = request.headers.get("User-Agent", "").replace("\0", "")[:200]


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
