"""The addresses that sources post to. 2xx is answered only after the row is committed."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime

from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from cases.intake import (
    alerts,
    aws,
    beats,
    cloudevents,
    formats,
    opsgenie,
    pagerduty,
    signatures,
    statements,
    storm,
)
from cases.intake.signal import Signal
from cases.models import Source
from incidentdesk.kernel import clocks
from incidentdesk.kernel.errors import InvalidInput

MAX_BYTES = 512 * 1024
Told = Callable[[str], tuple[str, str]]  # a body → the source's key, and all that is to be kept


@csrf_exempt
@require_POST
def intake(request: HttpRequest, key: str, source_format: str) -> HttpResponse:
    """`POST /intake/<key>/<format>`: 202 with status, incident and dedup_key. A restricted incident
    has no name outside: `incident` is null then, as it is for a delivery that opens later."""
    return deliver(request, source_format, lambda body: (key, body), unknown=404)


@csrf_exempt
@require_http_methods(["POST", "OPTIONS"])
def take_cloudevents(request: HttpRequest, key: str) -> HttpResponse:
    """`/intake/<key>/cloudevents`: as above; OPTIONS is the question of a sender whether it may."""
    form = Source.Format.CLOUDEVENTS
    if request.method == "POST":
        return deliver(
            request, form, lambda body: (key, cloudevents.whole(request.headers, body)), unknown=404
        )
    origin = request.headers.get("WebHook-Request-Origin", "")
    answer = HttpResponse(headers={"Allow": "POST, OPTIONS"})
    if origin and statements.knows(key=key, source_format=form, at=clocks.now()):
        answer["WebHook-Allowed-Origin"] = origin
        answer["WebHook-Allowed-Rate"] = "*"
    return answer


@csrf_exempt
@require_POST
def enqueue(request: HttpRequest) -> HttpResponse:
    """`POST /v2/enqueue`: PagerDuty's Events API v2; `routing_key` is the source's key."""

    def told(body: str) -> tuple[str, str]:
        return pagerduty.routing_key(formats.payload_of(body)), body

    return deliver(request, Source.Format.PAGERDUTY, told, unknown=401)


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

    return deliver(request, Source.Format.OPSGENIE, told, unknown=401)


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def beat(request: HttpRequest, key: str, call: str = beats.WELL) -> HttpResponse:
    """`/heartbeat/<key>`, and `/start` and `/fail` behind it: a source calls in."""

    def take(body: str, at: datetime) -> HttpResponse:
        receipt = beats.take(key=key, call=call, said=body, at=at) if call in beats.CALLS else None
        if receipt is None:
            return unknown_key(404)
        incident = receipt.references[0] if receipt.references else None
        return JsonResponse({"status": receipt.status, "incident": incident})

    return guarded(request, take)


@csrf_exempt
@require_POST
def take_sns(request: HttpRequest, key: str) -> HttpResponse:
    """`POST /intake/<key>/sns`: AWS SNS; what Amazon did not sign is not taken."""

    def take(body: str, at: datetime) -> HttpResponse:
        try:
            receipt = aws.take(key=key, raw=body, at=at)
        except aws.NotSigned as refused:
            return error(str(refused), 401)
        except aws.Unreachable as refused:
            return error(f"{refused} Send it again.", 503)
        if receipt is None:
            return unknown_key(404)
        return _accepted(Source.Format.SNS, [], receipt.status, receipt.references)

    return guarded(request, take)


def deliver(request: HttpRequest, source_format: str, told: Told, *, unknown: int) -> HttpResponse:
    """A delivery that is read, counted if it only repeats, and else handled."""

    def take(body: str, at: datetime) -> HttpResponse:
        key, raw = told(body)
        if refused := signatures.refusal(
            key=key,
            source_format=source_format,
            headers=request.headers,
            body=request.body,
            at=at,
        ):
            return error(refused, 401)
        return _receive(key, source_format, raw, unknown=unknown, at=at)

    return guarded(request, take)


def guarded(request: HttpRequest, take: Callable[[str, datetime], HttpResponse]) -> HttpResponse:
    """Size first; then what `take` makes of the body. A database that takes no row is a 503."""
    if request.headers.get("Transfer-Encoding"):
        return error("Send the length of the body; the desk takes it whole.", 411)
    size = request.headers.get("Content-Length") or "0"
    if not size.isdecimal():
        return error("The Content-Length is not a number.", 400)
    if int(size) > MAX_BYTES:
        return error("The body is larger than 512 KB; send fewer alerts at once.", 413)
    try:
        return take(request.body.decode("utf-8", "replace").replace("\x00", ""), clocks.now())
    except InvalidInput as refused:
        return error(str(refused), 400)
    except (DatabaseError, InterfaceError):
        return error("The desk cannot store events at the moment; send it again.", 503)


def _receive(key: str, source_format: str, raw: str, *, unknown: int, at: datetime) -> JsonResponse:
    """Read it, count it if it only repeats, else handle it; all of it once the source is known."""
    if storm.is_too_much(key, at=at):
        storm.tell(key=key, source_format=source_format, at=at)
        return too_many("These are more deliveries than a source may send in a minute.", at=at)
    signals, refusal = _read(key, source_format, raw, at=at)
    found = statements.find(key=key, source_format=source_format, signals=signals, raw=raw, at=at)
    if isinstance(found, list):
        return _accepted(source_format, signals, "folded", found)
    if found is None:
        return unknown_key(unknown)
    if refusal:
        alerts.refuse(source=found, raw=raw, why=refusal, at=at)
        storm.note_refused(found, refusal, at=at)
        return error(refusal, 400)
    receipt = alerts.receive(source=found, raw=raw, signals=signals, at=at)
    return _accepted(source_format, signals, receipt.status, receipt.references)


def _read(key: str, source_format: str, raw: str, *, at: datetime) -> tuple[list[Signal], str]:
    """The signals, or why there are none. A format that nobody knows has no source either."""
    known: dict[str, str] | None = None
    if source_format == formats.PLAIN:
        known = statements.expressions(key=key, at=at)
        if known is None:
            return [], ""
    elif source_format not in formats.PARSERS:
        return [], ""
    try:
        return formats.read(source_format, raw, known), ""
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


def too_many(sentence: str, *, at: datetime) -> JsonResponse:
    """A refusal until the minute is over."""
    answer = error(sentence, 429)
    answer["Retry-After"] = str(60 - at.second)
    return answer


def unknown_key(status: int) -> JsonResponse:
    """The refusal of a key that no source has."""
    return error("No source has this key for this format; check the address.", status)


def error(sentence: str, status: int) -> JsonResponse:
    """A refusal in one sentence."""
    return JsonResponse({"error": sentence}, status=status)
