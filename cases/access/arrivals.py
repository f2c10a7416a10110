"""`POST /intake/<key>/access`: JSON lines in; 202 once those that can be read are stored.

A delivery that is sent again stores nothing twice. Bad lines are named by their number and kept as
a refused delivery on their source; if no line is good, that is a 400.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from cases.access import lines, stored
from cases.access.lines import Bad
from cases.access.stored import Line
from cases.access.told import Told
from cases.intake import alerts, statements, webhook
from cases.models import Source
from incidentdesk.kernel import counted
from incidentdesk.kernel.errors import InvalidInput

NAMED = 20  # bad lines that an answer names
MOST_A_MINUTE = 60_000  # lines of a source


@csrf_exempt
@require_POST
def take(request: HttpRequest, key: str) -> HttpResponse:
    """202 with how many were stored, how many were known, and which lines are bad."""
    return webhook.guarded(request, lambda raw, at: _receive(key, raw, at=at))


def _receive(key: str, raw: str, *, at: datetime) -> HttpResponse:
    form = Source.Format.ACCESS
    source = statements.find(key=key, source_format=form, signals=[], raw="", at=at)
    if not isinstance(source, Source):
        return webhook.unknown_key(404)
    try:
        told, bad = lines.parse(raw)
    except InvalidInput as refused:
        alerts.refuse(source=source, raw=raw, why=str(refused), at=at)
        return webhook.error(str(refused), 400)
    if _is_too_fast(source, len(told) + len(bad), at=at):
        answer = webhook.error("These are more lines than a source may send in a minute.", 429)
        answer["Retry-After"] = str(60 - at.second)
        return answer
    count = _store(source, told, bad, at=at)
    if not told:
        return webhook.error(f"No line can be read. {_words(bad[0])}", 400)
    return JsonResponse(
        {
            "status": "stored",
            "incident": None,
            "dedup_key": None,
            "stored": count,
            "known": len(told) - count,
            "refused": [{"line": one.number, "why": one.why} for one in bad[:NAMED]],
        },
        status=202,
    )


def _is_too_fast(source: Source, number: int, *, at: datetime) -> bool:
    key = f"access:{source.pk}:{at:%Y%m%d%H%M}"
    return counted.count(key, number, seconds=120) > MOST_A_MINUTE


@transaction.atomic
def _store(source: Source, told: list[Told], bad: list[Bad], *, at: datetime) -> int:
    if bad:
        more = f" {len(bad) - 1} more lines." if bad[1:] else ""
        kept = "\n".join(one.line for one in bad)
        alerts.refuse(source=source, raw=kept, why=f"{_words(bad[0])}{more}", at=at)
    return stored.store(source, [Line(one) for one in told], at=at)


def _words(bad: Bad) -> str:
    return f"Line {bad.number}: {bad.why}"
