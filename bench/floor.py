"""The floor of intake: a bare Django view that stores what it is sent as one row."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path

TABLE = "CREATE TABLE bench_floor (id bigserial PRIMARY KEY, at timestamptz, body text)"


def insert(request: HttpRequest) -> JsonResponse:
    """One row, committed before the answer."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO bench_floor (at, body) VALUES (now(), %s) RETURNING id",
            [request.body.decode()],
        )
        number = cursor.fetchone()[0]
    return JsonResponse({"status": "stored", "id": number}, status=202)


def alive(request: HttpRequest) -> HttpResponse:
    """For the start: it answers."""
    return HttpResponse("ok")


urlpatterns = [path("insert", insert), path("healthz", alive)]

if os.environ.get("DJANGO_SETTINGS_MODULE") == "bench.floor_settings":
    application = get_wsgi_application()
