"""The addresses that sources post to. 2xx is answered only after the row is committed."""

from __future__ import annotations

from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from cases.intake import alerts, formats, pagerduty
from cases.models import Source
from cases.models.alert import digest
from incidentdesk.kernel import clocks
from incidentdesk.kernel.errors import InvalidInput

MAX_BYTES = 512 * 1024


@csrf_exempt
@require_POST
def intake(request: HttpRequest, key: str, source_format: str) -> JsonResponse:
    """`POST /intake/<key>/<format>`: 202 with status, incident and dedup_key."""
    return _guarded(request, key, source_format, unknown=404)


@csrf_exempt
@require_POST
def enqueue(request: HttpRequest) -> JsonResponse:
    """`POST /v2/enqueue`: PagerDuty's Events API v2; `routing_key` is the source's key."""
    return _guarded(request, None, Source.Format.PAGERDUTY, unknown=401)


def _guarded(
    request: HttpRequest, key: str | None, source_format: str, *, unknown: int
) -> JsonResponse:
    """Size, key, format; a database that cannot take the row is a 503."""
    size = request.headers.get("Content-Length") or "0"
    if not size.isdecimal():
        return _error("The Content-Length is not a number.", 400)
    if int(size) > MAX_BYTES:
        return _error("The body is larger than 512 KB; send fewer alerts at once.", 413)
    raw = request.body.decode("utf-8", "replace").replace("\x00", "")
    try:
        if key is None:
            key = pagerduty.routing_key(formats.payload_of(raw))
        source = (
            Source.objects.select_related("category")
            .filter(key_digest=digest(key), format=source_format, is_active=True)
            .first()
        )
        if source is None:
            return _error("No source has this key for this format; check the address.", unknown)
        return _receive(source, raw)
    except InvalidInput as error:  # no key could be read, so there is no source to keep it on
        return _error(str(error), 400)
    except (DatabaseError, InterfaceError):
        return _error("The desk cannot store events at the moment; send it again.", 503)


def _receive(source: Source, raw: str) -> JsonResponse:
    at = clocks.now()
    try:
        signals = formats.read(source.format, raw)
    except InvalidInput as error:
        alerts.refuse(source=source, raw=raw, why=str(error), at=at)
        return _error(str(error), 400)
    receipt = alerts.receive(source=source, raw=raw, signals=signals, at=at)
    answer: dict[str, object] = {
        "status": receipt.status,
        "incident": receipt.references[0] if receipt.references else None,
        "incidents": receipt.references,
        "dedup_key": signals[0].key,
    }
    if source.format == Source.Format.PAGERDUTY:  # its clients expect these words
        answer |= {"status": "success", "message": "Event processed", "outcome": receipt.status}
    return JsonResponse(answer, status=202)


def _error(sentence: str, status: int) -> JsonResponse:
    return JsonResponse({"error": sentence}, status=status)
