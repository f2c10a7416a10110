"""Whether the process lives, and whether the desk can do its work.

`/readyz` is read by anybody, so it counts and names nothing: what is wrong stands on the desk.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse

from incidentdesk.kernel import clocks, progress, standing
from incidentdesk.kernel.aside import Aside

OK = "ok"
SECONDS = 3.0  # at most, for the database; Redis has a second
PARTS = (progress.SCHEDULER, progress.SENDER, progress.AUDITOR)
_aside = Aside()


class ProbeMiddleware:
    """Answers who looks whether the desk lives, by whatever name and scheme they ask: the proxies
    and containers that do so know this process by its address alone."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request."""
        view = PROBES.get(request.path_info) if request.method in ("GET", "HEAD") else None
        if view is None:
            return self.get_response(request)
        answer = view(request)
        answer.headers["Content-Length"] = str(len(answer.content))  # keeps the connection
        return answer


def healthz(request: HttpRequest) -> HttpResponse:
    """The process lives and answers."""
    return HttpResponse("ok\n", content_type="text/plain")


def readyz(request: HttpRequest) -> JsonResponse:
    """200 only if database and Redis answer, this clock is the database's, scheduler, sender and
    auditor have finished a round lately (`progress.LIMITS`) and the auditor finds nothing wrong;
    JSON has each in words.

    A desk that runs without an auditor is never ready: nobody would notice what it loses.
    """
    parts = {**_database_and_parts(), "redis": redis()}
    return JsonResponse(parts, status=200 if set(parts.values()) == {OK} else 503)


def _database_and_parts() -> dict[str, str]:
    try:
        return {"database": OK, **_aside.ask(_parts, seconds=SECONDS)}
    except Exception as error:  # noqa: BLE001 -- any fault is what the page is there to show
        unknown = dict.fromkeys(("clock", *PARTS), "not known without the database")
        return {"database": type(error).__name__, **unknown}


def _parts() -> dict[str, str]:
    at, off = clocks.beside_database()
    words = {"clock": "is not the database's" if off > standing.TOO_FAR else OK}
    said, late = progress.read(), progress.silent(PARTS, at=at)
    for part in PARTS:
        words[part] = OK
        if part not in said:
            words[part] = "has not run yet"
        elif part in late:
            limit = progress.LIMITS[part].total_seconds()
            words[part] = f"has not finished a round in the last {limit:.0f} s"
        elif not said[part].is_well:
            words[part] = "has found something wrong, which the desk names"
    return words


def redis() -> str:
    """Whether Redis answers, or what kind of fault it has."""
    return standing.redis_fault() or OK


PROBES: dict[str, Callable[[HttpRequest], HttpResponse]] = {"/healthz": healthz, "/readyz": readyz}
