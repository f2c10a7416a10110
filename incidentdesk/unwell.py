"""The answer to what went wrong in answering: of a database that is moved or away it says so."""

from __future__ import annotations

import sys
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.template import loader
from django.views import defaults

from incidentdesk.kernel import standby

WAIT = "30"  # seconds, for programs that read Retry-After


def page(request: HttpRequest) -> HttpResponse:
    """Every error that nobody took ends here; the page asks the database for nothing."""
    words = standby.words(sys.exc_info()[1])
    if not words:
        return defaults.server_error(request)
    text = loader.render_to_string("503.html", {"words": words})
    return HttpResponse(text, status=HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": WAIT})
