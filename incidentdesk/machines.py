"""The short way of machines: what monitoring tools post to goes straight to its view.

They have no session, no form and no message to be shown, so the middleware for people would only
cost them time. What protects every answer (HTTPS, headers, host names) stands before this one.
Nothing at these addresses may trust a cookie: none is read on this way, but for showing staff what
describes the desk's API.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.urls import resolve

API = "/api/"  # where HEAD is answered as GET is, without the body
ADDRESSES = ("/intake/", "/heartbeat/", "/v2/", "/hooks/", API)


class MachineMiddleware:
    """Calls the views of machines itself; everybody else goes on to the middleware for people."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request."""
        if not request.path_info.startswith(ADDRESSES):
            return self.get_response(request)
        found = request.resolver_match = resolve(request.path_info)
        is_head = request.method == "HEAD" and request.path_info.startswith(API)
        if is_head:
            request.method = "GET"
        answer: HttpResponseBase = found.func(request, *found.args, **found.kwargs)
        return _without_body(answer) if is_head else answer


def _without_body(answer: HttpResponseBase) -> HttpResponseBase:
    """Status and headers of the answer to GET, its length among them."""
    if isinstance(answer, StreamingHttpResponse):
        answer.streaming_content = ()
    elif isinstance(answer, HttpResponse):
        answer.headers.setdefault("Content-Length", str(len(answer.content)))
        answer.content = b""
    return answer
