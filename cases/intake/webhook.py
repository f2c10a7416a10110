"""The addresses that sources post to. 2xx is answered only after the row is committed."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from cases.intake import alerts, cloudevents, formats, opsgenie, pagerduty, signatures, statements
from cases.intake.signal import Signal
from cases.models import Source
from incidentdesk.kernel import clocks
from incidentdesk.kernel.errors import InvalidInput

MAX_BYTES = 512 * 1024
NO_SOURCE = "No source has this key for this format; check the address."
Told = Callable[[str], tuple[str, str]]  # a body → the source's key, and all that is to be kept


class Receive(Protocol):
    """Takes what came with a key that was read, and answers."""

    def __call__(
        self, key: str, source_format: str, raw: str, *, unknown: int, at: datetime
    ) -> JsonResponse:
        """`unknown` is the status for a key that nobody has."""


@csrf_exempt
@require_POST
def intake(request: HttpRequest, key: str, source_format: str) -> HttpResponse:
    """`POST /intake/<key>/<format>`: 202 with status, incident and dedup_key. A restricted incident
    has no name outside: `incident` is null then, as it is for a delivery that opens later."""
    return guarded(request, source_format, lambda body: (key, body), unknown=404)


@csrf_exempt
@require_http_methods(["POST", "OPTIONS"])
def take_cloudevents(request: HttpRequest, key: str) -> HttpResponse:
    """`/intake/<key>/cloudevents`: as above; OPTIONS is the question of a sender whether it may."""
    form = Source.Format.CLOUDEVENTS
    if request.method == "POST":
        return guarded(
            request, form, lambda body: (key, cloudevents.whole(request.headers, body)), unknown=404
        )
    origin = request.headers.get("WebHook-Request-Origin", "")
    answer = HttpResponse(headers={"Allow": "POST, OPTIONS"})
    if origin and statements.knows(key=key, source_format=form):
        answer["WebHook-Allowed-Origin"] = origin
        answer["WebHook-Allowed-Rate"] = "*"
    return answer


@csrf_exempt
@require_POST
def enqueue(request: HttpRequest) -> HttpResponse:
    """`POST /v2/enqueue`: PagerDuty's Events API v2; `routing_key` is the source's key."""

    def told(body: str) -> tuple[str, str]:
        return pagerduty.routing_key(formats.payload_of(body)), body

    return guarded(request, Source.Format.PAGERDUTY, told, unknown=401)


@csrf_exempt
@require_POST
def alert_opsgenie(request: HttpRequest, alias: str = "", action: str = "create") -> HttpResponse:
    """`POST /v2/alerts` and `/v2/alerts/<alias>/close`: Opsgenie's Alert API v2."""

    def told(body: str) -> tuple[str, str]:
        if alias and request.GET.get("identifierType") != "alias":
            raise InvalidInput(
                "identifierType has to be alias: the desk knows alerts by nothing else."
            )
        key = opsgenie.key_of(request.headers.get("Authorization", ""))
        return key, opsgenie.whole(body, action=action, alias=alias)

    return guarded(request, Source.Format.OPSGENIE, told, unknown=401)


def guarded(
    request: HttpRequest,
    source_format: str,
    told: Told,
    *,
    unknown: int,
    receive: Receive | None = None,
) -> HttpResponse:
    """Size, key, format, signature; a database that cannot take the row is a 503."""
    if request.headers.get("Transfer-Encoding"):
        return error("Send the length of the body; the desk takes it whole.", 411)
    size = request.headers.get("Content-Length") or "0"
    if not size.isdecimal():
        return error("The Content-Length is not a number.", 400)
    if int(size) > MAX_BYTES:
        return error("The body is larger than 512 KB; send fewer alerts at once.", 413)
    at = clocks.now()
    try:
        key, raw = told(request.body.decode("utf-8", "replace").replace("\x00", ""))
        if signatures.refuses(
            key=key,
            source_format=source_format,
            headers=request.headers,
            body=request.body,
            at=at,
        ):
            return error("The signature is not right; check the signing secret.", 401)
        return (receive or _receive)(key, source_format, raw, unknown=unknown, at=at)
    except InvalidInput as refused:  # no key could be read: there is no source to keep it on
        return error(str(refused), 400)
    except (DatabaseError, InterfaceError):
        return error("The desk cannot store events at the moment; send it again.", 503)


def _receive(key: str, source_format: str, raw: str, *, unknown: int, at: datetime) -> JsonResponse:
    """Read it, count it if it only repeats, else handle it; all of it once the source is known."""
    signals, refusal = _read(source_format, raw)
    found = statements.find(key=key, source_format=source_format, signals=signals, raw=raw, at=at)
    if isinstance(found, list):
        return _accepted(source_format, signals, "folded", found)
    if found is None:
        return error(NO_SOURCE, unknown)
    if refusal:
        alerts.refuse(source=found, raw=raw, why=refusal, at=at)
        return error(refusal, 400)
    receipt = alerts.receive(source=found, raw=raw, signals=signals, at=at)
    return _accepted(source_format, signals, receipt.status, receipt.references)


def _read(source_format: str, raw: str) -> tuple[list[Signal], str]:
    """The signals, or why there are none. A format that nobody knows has no source either."""
    try:
        return formats.read(source_format, raw) if source_format in formats.PARSERS else [], ""
    except InvalidInput as refused:
        return [], str(refused)


def _accepted(
    source_format: str, signals: list[Signal], status: str, references: list[str]
) -> JsonResponse:
    answer: dict[str, object] = {
        "status": status,
        "incident": references[0] if references else None,
        "incidents": references,
        "dedup_key": signals[0].key if signals else None,
    }
    # Clients of these expect the words that they know.
    if source_format == Source.Format.PAGERDUTY:
        answer |= {"status": "success", "message": "Event processed", "outcome": status}
    elif source_format == Source.Format.OPSGENIE:
        answer |= {"result": "Request will be processed", "took": 0.0, "requestId": uuid.uuid4()}
    return JsonResponse(answer, status=202)


def error(sentence: str, status: int) -> JsonResponse:
    """A refusal in one sentence."""
    return JsonResponse({"error": sentence}, status=status)
