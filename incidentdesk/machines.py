"""The short way of machines: what monitoring tools post to goes straight to its view.

They have no session, no form and no message to be shown, so the middleware for people would only
cost them time. What protects every answer (HTTPS, headers, host names) stands before this one.
Nothing at these addresses may trust a cookie: none is read on this way.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.urls import resolve

ADDRESSES = ("/intake/", "/heartbeat/", "/v2/", "/api/")


class MachineMiddleware:
    """Calls the views of machines itself; everybody else goes on to the middleware for people."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request."""
        if not request.path_info.startswith(ADDRESSES):
            return self.get_response(request)
        found = request.resolver_match = resolve(request.path_info)
        answer: HttpResponseBase = found.func(request, *found.args, **found.kwargs)
        return answer
