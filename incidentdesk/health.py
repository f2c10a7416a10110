"""Whether the process lives, and whether the desk can do its work."""

from __future__ import annotations

from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse


def healthz(request: HttpRequest) -> HttpResponse:
    """The process lives and answers."""
    return HttpResponse("ok\n", content_type="text/plain")


def readyz(request: HttpRequest) -> JsonResponse:
    """200 only if database and Redis answer; JSON says which does not."""
    parts = {"database": _database(), "redis": _redis()}
    return JsonResponse(parts, status=200 if all(v == "ok" for v in parts.values()) else 503)


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return "ok"
    except Exception as error:  # noqa: BLE001 -- any fault is what the page is there to show
        return type(error).__name__


def _redis() -> str:
    try:
        cache.get("readyz")
        fault = getattr(cache, "fault", None)  # the cache itself does without Redis
        return type(fault).__name__ if fault else "ok"
    except Exception as error:  # noqa: BLE001 -- any fault is what the page is there to show
        return type(error).__name__
