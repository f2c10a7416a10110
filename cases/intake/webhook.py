"""The addresses that sources post to. 2xx is answered only after the row is committed."""

from __future__ import annotations

from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from cases.intake import alerts, formats, pagerduty, statements
from cases.intake.signal import Signal
from cases.models import Source
from incidentdesk.kernel import clocks
from incidentdesk.kernel.errors import InvalidInput

MAX_BYTES = 512 * 1024


@csrf_exempt
@require_POST
def intake(request: HttpRequest, key: str, source_format: str) -> JsonResponse:
    """`POST /intake/<key>/<format>`: 202 with status, incident and dedup_key. A restricted incident
    has no name outside: `incident` is null then, as it is for a delivery that opens later."""
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
        return _receive(key, source_format, raw, unknown=unknown)
    except InvalidInput as error:  # no key could be read, so there is no source to keep it on
        return _error(str(error), 400)
    except (DatabaseError, InterfaceError):
        return _error("The desk cannot store events at the moment; send it again.", 503)


def _receive(key: str, source_format: str, raw: str, *, unknown: int) -> JsonResponse:
    """Read it, count it if it only repeats, else handle it; all of it once the source is known."""
    at = clocks.now()
    signals, refusal = _read(source_format, raw)
    found = statements.find(key=key, source_format=source_format, signals=signals, raw=raw, at=at)
    if isinstance(found, list):
        return _accepted(source_format, signals, "folded", found)
    if found is None:
        return _error("No source has this key for this format; check the address.", unknown)
    if refusal:
        alerts.refuse(source=found, raw=raw, why=refusal, at=at)
        return _error(refusal, 400)
    receipt = alerts.receive(source=found, raw=raw, signals=signals, at=at)
    return _accepted(source_format, signals, receipt.status, receipt.references)


def _read(source_format: str, raw: str) -> tuple[list[Signal], str]:
    """The signals, or why there are none. A format that nobody knows has no source either."""
    try:
        return formats.read(source_format, raw) if source_format in formats.PARSERS else [], ""
    except InvalidInput as error:
        return [], str(error)


def _accepted(
    source_format: str, signals: list[Signal], status: str, references: list[str]
) -> JsonResponse:
    answer: dict[str, object] = {
        "status": status,
        "incident": references[0] if references else None,
        "incidents": references,
        "dedup_key": signals[0].key,
    }
    if source_format == Source.Format.PAGERDUTY:  # its clients expect these words
        answer |= {"status": "success", "message": "Event processed", "outcome": status}
    return JsonResponse(answer, status=202)


def _error(sentence: str, status: int) -> JsonResponse:
    return JsonResponse({"error": sentence}, status=status)
