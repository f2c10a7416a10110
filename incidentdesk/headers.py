"""What every answer tells a browser not to do, beside what Django's own middleware says.

Pages of partners and of logging in have their strict policy from django-csp. The desk's own pages
have the strictest with which their theme works: no script stands in a page, but Alpine evaluates
the attributes of the theme as code (`unsafe-eval`), and the theme writes a style sheet of colours
into each page (`unsafe-inline` for styles alone). What is no page loads and runs nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

UNUSED = ("camera", "display-capture", "geolocation", "microphone", "payment", "usb", "midi")
PERMISSIONS = ", ".join(f"{name}=()" for name in UNUSED)


def _policy(**sources: str) -> str:
    """Own files alone, to which `sources` adds by the kind of what is loaded."""
    own = [f"{kind}-src 'self' {sources.get(kind, '')}".strip() for kind in KINDS]
    return "; ".join(["default-src 'none'", *own, "form-action 'self'", *CLOSED])


KINDS = ("script", "style", "img", "font", "connect")
CLOSED = ("base-uri 'none'", "frame-ancestors 'none'")
NOTHING = "; ".join(("default-src 'none'", "form-action 'none'", *CLOSED))
PAGES = {
    "/admin/": _policy(script="'unsafe-eval'", style="'unsafe-inline'", img="data:"),
    "/api/": _policy(img="data:"),  # the documentation, whose signs stand in its style sheet
}


class HeadersMiddleware:
    """Adds a policy to each answer that has none of its own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request."""
        answer = self.get_response(request)
        answer.headers.setdefault("Content-Security-Policy", _policy_of(request, answer))
        answer.headers.setdefault("Permissions-Policy", PERMISSIONS)
        answer.headers.setdefault("Cache-Control", "no-store")  # files of ours say otherwise
        return answer


def _policy_of(request: HttpRequest, answer: HttpResponseBase) -> str:
    is_page = answer.headers.get("Content-Type", "").startswith("text/html")
    known = (PAGES[place] for place in PAGES if is_page and request.path_info.startswith(place))
    return next(known, NOTHING)
