"""One incident to keep: all that this partner sees of it, as PDF and as JSON.

Everything is read inside the scope; a PDF is drawn after it was left, without the database. That
it was taken is recorded, and counts as having seen the notices in it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.views.decorators.http import require_safe

from cases import receipts, visibility
from cases.models import Involvement, NoticeCopy, Remark, Request, SharedFile
from incidentdesk.kernel import audit, clocks, pdf
from incidentdesk.kernel.errors import Conflict
from incidentdesk.kernel.scope import Outside, ScopedRequest
from partners.portal.views import facts
from partners.portal.views.incidents import incident_of, steps_of
from partners.portal.views.shelves import moment

FORMAT = 1
LONGEST, LINES = 600, 3000  # pieces, and lines of them; it is drawn while the person waits
# One is drawn at a time in a process and one more waits: others have to be answered. Whose it is
# that keeps somebody waiting is told to nobody, nor that there is anybody.
_drawing, _line = threading.BoundedSemaphore(), threading.BoundedSemaphore(2)
PATIENCE = 15.0  # seconds
BUSY = "The file could not be made just now; try again in a moment."
TAKEN = "took the record of"
INCIDENT = (
    "reference",
    "title",
    "severity",
    "meaning",
    "phase",
    "started_at",
    "disclosed_at",
    "recovery_confirmed_at",
    "recovery_confirmed_by",
    "is_exercise",
    "continued_as",
)
NOTICE = (
    "kind",
    "tlp",
    "body",
    "sent_at",
    "next_update_at",
    "is_emergency",
    "acknowledged_at",
    "acknowledged_by",
)
REQUEST = (
    "reference",
    "question",
    "why",
    "state",
    "asked_at",
    "due_at",
    "answered_at",
    "was_late",
    "settled_at",
)
SAID = ("at", "author", "is_ours", "text")
FILE = ("name", "size", "sha256", "added_at")


@require_safe
def as_json(request: ScopedRequest, reference: str) -> HttpResponse:
    """For a program; every time is ISO 8601 in UTC, with a Z."""
    involvement = incident_of(request.actor, reference)
    copies = _copies(request, involvement)
    found = _record(request, involvement, copies)
    _note(request, involvement, copies, "JSON")
    response = JsonResponse(found, json_dumps_params={"indent": 2, "ensure_ascii": False})
    response["Content-Disposition"] = f'attachment; filename="{reference}.json"'
    return response


@require_safe
def as_pdf(request: ScopedRequest, reference: str) -> HttpResponse:
    """For people; where none can be drawn, back to the incident with a sentence."""
    involvement = incident_of(request.actor, reference)
    copies = _copies(request, involvement)
    found = _record(request, involvement, copies)
    back = reverse("portal:incident", args=[reference])
    why = _no_pdf(found)
    if why:
        messages.error(request, f"A PDF {why}; take the JSON, or let your browser print the page.")
        return redirect(back)
    _note(request, involvement, copies, "PDF")
    context = {"involvement": involvement, "partner": request.partner, "record": found}
    context["phases"] = steps_of(involvement)
    context["packages"] = [(one, facts.figures(one)) for one in found["facts"]]
    html = render_to_string("portal/incidents/record.html", context, request=request)
    return drawn(html, reference, back=back)


@require_safe
def notice_as_pdf(request: ScopedRequest, reference: str, number: int) -> HttpResponse:
    """One notice as a PDF; the pages offer it for the report after an incident."""
    involvement = incident_of(request.actor, reference)
    copies = _copies(request, involvement)
    if not 1 <= number <= len(copies):
        raise Http404
    copy = copies[number - 1]
    back = reverse("portal:incident", args=[reference])
    if why := _no_pdf_of([copy.body]):
        messages.error(request, f"A PDF {why}; let your browser print the page.")
        return redirect(back)
    _note(request, involvement, [copy], "notice as PDF")
    context = {"involvement": involvement, "partner": request.partner, "notice": copy}
    html = render_to_string(
        "portal/incidents/notice.html", {**context, "is_pdf": True}, request=request
    )
    return drawn(html, f"{reference}-notice-{number}", back=back)


def drawn(html: str, name: str, *, back: str) -> Outside:
    """A PDF that is drawn once the scope is left, without the database, one at a time."""

    def make() -> HttpResponseBase:
        with _turn(_line, 0), _turn(_drawing, PATIENCE):
            return pdf.answer(html, name)

    return Outside(make, otherwise=back)


@contextmanager
def _turn(of: threading.BoundedSemaphore, seconds: float) -> Iterator[None]:
    if not of.acquire(timeout=seconds):
        raise Conflict(BUSY)
    try:
        yield
    finally:
        of.release()


def _copies(request: ScopedRequest, involvement: Involvement) -> list[NoticeCopy]:
    """What this partner was sent about it, oldest first."""
    sent = visibility.notices_for(request.actor).filter(involvement_id=involvement.pk)
    return list(sent.order_by("sent_at", "id"))


def _record(
    request: ScopedRequest, involvement: Involvement, copies: list[NoticeCopy]
) -> dict[str, Any]:
    """All that the incident's page shows."""
    actor, only = request.actor, {"involvement_id": involvement.pk}
    remarks = visibility.remarks_for(actor).filter(**only)
    asked = visibility.requests_for(actor).filter(**only)
    packages = visibility.packages_for(actor).filter(**only).order_by("id")
    return {
        "format": FORMAT,
        "taken_at": clocks.now(),
        "taken_by": actor.name,
        "partner": {"code": request.partner.code, "name": request.partner.name},
        "incident": {**_values(involvement, INCIDENT), "phase_times": _phase_times(involvement)},
        "notices": [_notice(number, copy) for number, copy in enumerate(copies, start=1)],
        "facts": [facts.content(package) for package in packages],
        "thread": [_said(remark) for remark in remarks],
        "requests": _requests(request, list(asked)),
    }


def _phase_times(involvement: Involvement) -> dict[str, datetime | None]:
    """When it came into each phase, as moments: they are written as all other times are."""
    return {phase: moment(involvement, phase) for phase in involvement.phase_times}


def _notice(number: int, copy: NoticeCopy) -> dict[str, Any]:
    return {"number": number, "label": copy.get_kind_display(), **_values(copy, NOTICE)}


def _said(remark: Remark) -> dict[str, Any]:
    return {**_values(remark, SAID), "files": _files(remark.files.all())}


def _requests(request: ScopedRequest, asked: list[Request]) -> list[dict[str, Any]]:
    steps = visibility.steps_for(request.actor).filter(request_id__in=[one.pk for one in asked])
    said: dict[int, list[dict[str, Any]]] = {}
    for step in steps:
        line = {"kind": step.get_kind_display(), "until": step.until, **_values(step, SAID)}
        said.setdefault(step.request_id, []).append({**line, "files": _files(step.files.all())})
    return [{**_values(one, REQUEST), "said": said.get(one.pk, [])} for one in asked]


def _files(files: Any) -> list[dict[str, Any]]:
    rows: list[SharedFile] = list(files)
    return [_values(file, FILE) for file in rows]


def _values(row: Any, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def _no_pdf(found: dict[str, Any]) -> str:
    """Why none can be drawn; empty where one can."""
    pieces = len(found["notices"]) + len(found["thread"]) + len(found["facts"])
    pieces += sum(1 + len(one["said"]) for one in found["requests"])
    return "of so long a record would take too long" if pieces > LONGEST else _no_pdf_of(found)


def _no_pdf_of(found: object) -> str:
    """The same of what is not too many pieces."""
    if _lines(found) > LINES:
        return "of so long a record would take too long"
    return pdf.missing()


def _lines(found: object) -> int:
    """About how many lines its texts take."""
    if isinstance(found, str):
        return found.count("\n") + len(found) // 90
    inside = found.values() if isinstance(found, dict) else found
    return sum(map(_lines, inside)) if isinstance(inside, Iterable) else 0


def _note(
    request: ScopedRequest, involvement: Involvement, copies: list[NoticeCopy], kind: str
) -> None:
    """Who took it, once the scope is left; the notices in it were seen."""
    actor, at = request.actor, clocks.now()
    line: dict[str, Any] = {"name": involvement.reference, "kind": kind}
    about = f"involvement:{involvement.pk}"
    take = partial(audit.record, by=actor, at=at, action=TAKEN, about=about, **line)
    request.after_scope.append(take)
    if copies:
        seen = [copy.pk for copy in copies]
        request.after_scope.append(partial(receipts.note_opened, copy_ids=seen, by=actor, at=at))
