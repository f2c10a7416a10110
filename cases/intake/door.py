"""The door through which JSON lines come: figures and access events, each line for itself.

What is sent again is stored once. Bad lines are named by their number and kept as a refused
delivery on their source; if no line is good, that is a 400.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from cases.intake import alerts, statements, webhook
from cases.intake.lines import Bad, Stored
from cases.models import Source
from incidentdesk.kernel import counted
from incidentdesk.kernel.errors import InvalidInput

T = TypeVar("T")
MOST_A_MINUTE = 60_000  # lines of a source
SHOWN = 100  # bad lines that an answer names, and that are kept

Parse = Callable[..., tuple[list[T], list[Bad]]]  # (raw, at=…)
Store = Callable[..., Stored]  # (source, what was told, at=…)


def of(form: str, parse: Parse[T], store: Store) -> Callable[[HttpRequest, str], HttpResponse]:
    """The view of `POST /intake/<key>/<form>`: 202 with how many lines were stored, how many were
    there already, and each that could not be taken, by its number and with why."""

    @csrf_exempt
    @require_POST
    def take(request: HttpRequest, key: str) -> HttpResponse:
        return webhook.guarded(request, lambda raw, at: _take(key, raw, form, parse, store, at=at))

    return take


def _take(
    key: str, raw: str, form: str, parse: Parse[T], store: Store, *, at: datetime
) -> HttpResponse:
    source = statements.find(key=key, source_format=form, signals=[], raw="", at=at)
    if not isinstance(source, Source):
        return webhook.unknown_key(404)
    try:
        told, bad = parse(raw, at=at)
    except InvalidInput as refused:
        alerts.refuse(source=source, raw=raw, why=str(refused), at=at)
        return webhook.error(str(refused), 400)
    if _is_too_fast(source, len(told) + len(bad), at=at):
        sentence = "These are more lines than a source may send in a minute."
        return webhook.too_many(sentence, at=at)
    stored = store(source, told, at=at)
    bad = sorted([*bad, *stored.refused], key=lambda one: one.line)
    if bad:
        kept = "\n".join(one.raw for one in bad[:SHOWN])
        number = "one bad line" if len(bad) == 1 else f"{len(bad)} bad lines"
        why = f"{number}; line {bad[0].line}: {bad[0].error}"
        alerts.refuse(source=source, raw=kept, why=why, at=at)
    if not stored.stored and not stored.repeated:
        return webhook.error(f"Line {bad[0].line}: {bad[0].error}", 400)
    return _accepted(stored, bad)


def _is_too_fast(source: Source, number: int, *, at: datetime) -> bool:
    """Whether a source sent more than its share in this minute, with these."""
    key = f"lines:{source.pk}:{at:%Y%m%d%H%M}"
    return counted.count(key, number, seconds=120) > MOST_A_MINUTE


def _accepted(stored: Stored, bad: Sequence[Bad]) -> JsonResponse:
    named = [{"line": one.line, "error": one.error} for one in bad[:SHOWN]]
    return JsonResponse(
        {
            "status": "stored",
            "incident": None,  # what watches the lines opens it, a moment later
            "dedup_key": None,
            "stored": stored.stored,
            "repeated": stored.repeated,
            "refused": len(bad),
            "lines": named,
        },
        status=202,
    )
