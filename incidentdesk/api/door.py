"""The API's door: who calls, how often, and how a refusal is said.

A call carries a token and nothing else says who it is: no cookie is read, so no page of another
site can make a browser call. What describes the desk's calls is for its staff, who may read it in
the browser in which they work. Every refusal is JSON with one sentence.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from importlib import import_module
from typing import Any, cast

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ObjectDoesNotExist, RequestDataTooBig
from django.db import DataError, IntegrityError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from ninja import NinjaAPI, Swagger
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.parser import Parser
from ninja.security import HttpBearer
from pydantic import BaseModel

from cases.access import own
from incidentdesk import factors, refused
from incidentdesk.kernel import callers, clocks, counted, once, standby, tokens
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.errors import (
    CONTRADICTS,
    GONE,
    Conflict,
    DeskError,
    GateNotMet,
    InvalidInput,
    NotAllowed,
    NotFound,
)
from incidentdesk.kernel.models import Token

logger = logging.getLogger(__name__)

PARTNERS = "/api/v1/partner/"  # whose programs see nothing of the desk's own
CALLS_A_MINUTE = 600  # of one token; a program that polls each second stays far below


class Refusal(BaseModel):
    """Why nothing was done, in one sentence."""

    error: str


class Refusals(Refusal):
    """Why a move has to wait: every gate that is not met, in words."""

    unmet: list[str] = []


REFUSALS: dict[int, type[Refusal]] = {
    400: Refusal,
    401: Refusal,
    403: Refusal,
    404: Refusal,
    409: Refusals,
    413: Refusal,
    422: Refusal,
    429: Refusal,
}
_STATUS: tuple[tuple[type[Exception], int], ...] = (
    (NotAllowed, 403),
    (NotFound, 404),
    (InvalidInput, 422),
    (Conflict, 409),
    (GateNotMet, 409),
    (DeskError, 409),
)
_SENTENCES: tuple[tuple[type[Exception], int, str], ...] = (
    (once.SentAlready, 409, once.SAID),
    (ObjectDoesNotExist, 404, GONE),
    (Http404, 404, "There is nothing at this address."),
    (RequestDataTooBig, 413, "The body is larger than 512 KB; send less at once."),
    (DataError, 422, "A text is too long or a number too large for the desk; shorten it."),
    (IntegrityError, 409, CONTRADICTS),
)


class Bearer(HttpBearer):
    """`Authorization: Bearer desk_…`; the caller becomes `request.auth`, an Actor."""

    def authenticate(self, request: HttpRequest, token: str) -> Actor | None:
        """Whose token this is, if it works now and was not used too often."""
        return admitted(request, token, tokens.find(token, at=clocks.now()))


def admitted(request: HttpRequest, secret: str, found: Token | None) -> Actor | None:
    """Who acts, if the secret is a token's that works now; that it was used is written down."""
    at, address = clocks.now(), callers.address(request)
    if found is None:
        own.token_refused(secret, address=address, at=at)
        return None
    own.token_used(found, address=address, at=at)
    count(found)
    return tokens.actor_of(found)


class TooMany(Exception):
    """A token called more often than it may; `wait` seconds until it may again."""

    def __init__(self, wait: int) -> None:
        self.wait = wait
        super().__init__(wait)


def count(token: Token) -> None:
    """One more call of this minute; TooMany if it was one too many."""
    minute, second = divmod(int(clocks.now().timestamp()), 60)
    key = f"api-calls:{token.pk}:{minute}"
    if counted.count(key, seconds=120) > CALLS_A_MINUTE:
        raise TooMany(60 - second)


class BodyParser(Parser):
    """JSON as the standard has it: no NaN, and nothing nested beyond reading."""

    def parse_body(self, request: HttpRequest) -> Any:
        """The body; what cannot be read is a 400."""
        try:
            return json.loads(request.body, parse_constant=_refuse)
        except RecursionError as error:
            raise ValueError("nested too deeply") from error


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is not JSON")


class DeskAPI(NinjaAPI):
    """Ninja's API; whatever it answers by itself is JSON and in words too."""

    unauthenticated = (
        "Send a token that works as “Authorization: Bearer desk_…”; make one at the desk."
    )

    def __init__(self, **known: Any) -> None:
        looks = Swagger(settings={"defaultModelsExpandDepth": -1, "docExpansion": "none"})
        super().__init__(version="1", docs=looks, parser=BodyParser(), **known)
        for kind, handler in _HANDLERS:
            self.add_exception_handler(kind, handler)
        self.add_exception_handler(AuthenticationError, self._on_unauthenticated)

    def _on_unauthenticated(self, request: HttpRequest, error: Any) -> HttpResponse:
        return _refused(self.unauthenticated, 401, WWW_Authenticate='Bearer realm="desk"')

    def create_temporal_response(self, request: HttpRequest) -> HttpResponse:
        """Answers are for who asked, and kept by nobody on the way."""
        response = super().create_temporal_response(request)
        response["Cache-Control"] = "no-store"
        return response

    def _get_urls(self) -> list[Any]:
        found = super()._get_urls()
        for entry in found:
            entry.callback = _speaking(cast(Callable[..., Any], entry.callback))
        return found


def _speaking(view: Callable[..., Any]) -> Callable[..., HttpResponse]:
    """What ninja refuses before a call begins, in the API's own form."""

    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            response: HttpResponse = view(request, *args, **kwargs)
        except Http404:
            return missing(request)
        refused.note_call(request, response, who=getattr(request, "auth", None))
        if not isinstance(response, HttpResponseNotAllowed):
            return response
        taken = response["Allow"]
        said = f"This address does not take {request.method}; it takes {taken}."
        return _refused(said, 405, Allow=taken)

    answer.csrf_exempt = True  # type: ignore[attr-defined]
    return answer


def missing(request: HttpRequest) -> HttpResponse:
    """Any address below `/api/` that nothing else answers."""
    begin = PARTNERS if request.path_info.startswith(PARTNERS) else "/api/v1/"
    return _refused(f"There is nothing at this address; see {begin}docs.", 404)


def _refused(sentence: str, status: int, **headers: str) -> HttpResponse:
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return JsonResponse({"error": sentence}, status=status, headers=headers)


def _on_desk_error(request: HttpRequest, error: Exception) -> HttpResponse:
    status = next(number for kind, number in _STATUS if isinstance(error, kind))
    unmet = {"unmet": error.unmet} if isinstance(error, GateNotMet) else {}
    return JsonResponse({"error": str(error), **unmet}, status=status)


def _on_too_many(request: HttpRequest, error: TooMany) -> HttpResponse:
    said = f"This token may call {CALLS_A_MINUTE} times a minute; go on in {error.wait} s."
    return _refused(said, 429, Retry_After=str(error.wait))


def _on_http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    said = "The body is not JSON; check it." if error.status_code == 400 else error.message
    return _refused(said, error.status_code)


def _on_invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """The first fault of each field, by its name."""
    said: dict[str, str] = {}
    for fault in error.errors:
        place = [str(part) for part in fault["loc"] if part not in ("body", "query", "path")]
        name = ".".join(place[1:] if place[:1] == ["given"] else place) or "The body"
        said.setdefault(name, _fault(fault))
    return _refused("; ".join(f"{name}: {words}" for name, words in said.items()) + ".", 422)


def _fault(fault: dict[str, Any]) -> str:
    known = {
        "missing": "is needed",
        "extra_forbidden": "is not known here; leave it out",
        "timezone_aware": "needs an offset, like 2026-03-04T09:41:00Z",
    }
    message = str(fault["msg"]).removeprefix("Value error, ")
    return known.get(fault["type"]) or message[:1].lower() + message[1:]


def _on_anything(request: HttpRequest, error: Exception) -> HttpResponse:
    """What nobody thought of is logged, and never shown."""
    if words := standby.words(error):
        return _refused(words, 503)
    for kind, status, sentence in _SENTENCES:
        if isinstance(error, kind):
            return _refused(sentence, status)
    logger.error("the API failed at %s", request.path, exc_info=error)
    return _refused("Something went wrong at the desk; nothing was changed.", 500)


_HANDLERS: tuple[tuple[type[Exception], Any], ...] = (
    (DeskError, _on_desk_error),
    (TooMany, _on_too_many),
    (HttpError, _on_http_error),
    (ValidationError, _on_invalid),
    (Exception, _on_anything),
)
FOR_STAFF = (
    "This describes the desk's own calls, for its staff: log in at the desk, or send a token of "
    f"yours. Partners have {PARTNERS}docs."
)


def _reader(request: HttpRequest) -> Any:
    """Who works in this browser: no middleware for people stands on the way of programs."""
    sessions: Any = import_module(settings.SESSION_ENGINE)
    key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
    request.session = sessions.SessionStore(key)
    user = request.user = auth.get_user(request)
    is_out = user.is_authenticated and (sessions.over(request) or factors.is_missing(request))
    return AnonymousUser() if is_out else user


def for_staff(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """The description, for who works at the desk or sends a token of theirs."""

    def answer(request: HttpRequest, **known: Any) -> HttpResponse:
        user = _reader(request)
        is_ours = user.is_authenticated and user.is_staff
        try:
            is_ours = is_ours or bool(Bearer()(request))
        except TooMany as error:
            return _on_too_many(request, error)
        if is_ours:
            response = view(request, **known)
        elif user.is_authenticated:
            response = _refused(FOR_STAFF, 403)
        else:
            response = _refused(FOR_STAFF, 401, WWW_Authenticate='Bearer realm="desk"')
        response["Cache-Control"] = "no-store"
        return response

    return answer


api = DeskAPI(
    title="Incident desk",
    description="What the desk can do, for programs. See docs/api.md.",
    urls_namespace="api",
    auth=Bearer(),
    docs_decorator=for_staff,
)
