"""`/oncall/<token>.ics`: a calendar program reads who is on call. The address is the secret.

An address that is wrong, ended or of somebody who left is answered like any other unknown one.
"""

from __future__ import annotations

import hashlib

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import condition, require_safe

from incidentdesk.kernel import clocks
from notifications.rotas import feeds


@require_safe
def page(request: HttpRequest, token: str) -> HttpResponse:
    """The calendar, with an ETag by which an unchanged one is not sent again."""
    feed = feeds.find(token)
    if feed is None:
        raise Http404
    body = feeds.text(feed, at=clocks.now())
    tag = f'"{hashlib.sha256(body).hexdigest()}"'

    @condition(etag_func=lambda request: tag)
    def answer(request: HttpRequest) -> HttpResponse:
        response = HttpResponse(body, content_type="text/calendar; charset=utf-8")
        response["Cache-Control"] = "private, no-cache"
        return response

    return answer(request)
