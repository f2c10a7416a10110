"""Each request has an id: its answer says it, and all that is logged meanwhile."""

from __future__ import annotations

import re
from collections.abc import Callable
from uuid import uuid4

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from incidentdesk import logs

HEADER = "X-Request-ID"
_FIT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")


class TracedMiddleware:
    """Outermost: what any other one logs has the id."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request."""
        name = name_of(request)
        with logs.apart(request_id=name):
            response = self.get_response(request)
        response.headers[HEADER] = name
        return response


def name_of(request: HttpRequest) -> str:
    """As a proxy of ours calls it; else a new one: strangers give no names to what is logged."""
    given = request.headers.get(HEADER, "")
    return given if settings.TRUSTED_PROXIES and _FIT.fullmatch(given) else uuid4().hex
