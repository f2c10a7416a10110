"""Requests: what we ask this partner, and its answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from cases import requests, visibility
from cases.models import Request
from incidentdesk.kernel import clocks
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.errors import DeskError, mark
from incidentdesk.kernel.scope import Afterwards, ScopedRequest
from partners.portal.forms import AnswerForm, ExtensionForm

READ_ONLY = "You read here as an auditor; somebody who acts for your company has to do this."
MOST = 100  # settled ones that are listed
State = Request.State
# The state in the partner's words.
WORDS = {
    State.OPEN: "Waits for your answer",
    State.ANSWERED: "We look at your answer",
    State.ACCEPTED: "Answered; thank you",
    State.WITHDRAWN: "Not needed any more",
}


@dataclass(frozen=True)
class Asked:
    """A request as a list shows it."""

    request: Request
    words: str
    is_overdue: bool


@require_safe
def index(request: ScopedRequest) -> HttpResponse:
    """What waits for an answer, by its time; then what was answered, the newest first."""
    rows = visibility.requests_for(request.actor)
    context = {
        "open": shown(rows.filter(state__in=[State.OPEN, State.ANSWERED])),
        "settled": shown(
            rows.filter(state__in=[State.ACCEPTED, State.WITHDRAWN]).order_by("-settled_at", "-id")[
                :MOST
            ]
        ),
    }
    return render(request, "portal/requests/index.html", context)


@require_safe
def detail(request: ScopedRequest, reference: str) -> HttpResponse:
    """One request: what is needed and why, what was said, and the ways to answer."""
    return _page(request, _request(request.actor, reference))


@require_POST
def answer(request: ScopedRequest, reference: str) -> HttpResponse:
    """The answer, or a part of it. What was typed stays if it is refused."""
    actor, asked = request.actor, _request(request.actor, reference)
    require_acting(request)
    form = AnswerForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, asked, answer=form)
    data, request_id = form.cleaned_data, asked.pk

    def run() -> str:
        requests.answer(
            request_id=request_id,
            text=data["text"],
            is_whole=data["is_whole"],
            uploads=data["uploads"],
            by=actor,
            at=clocks.now(),
        )
        if data["is_whole"]:
            return "Thank you. The response team looks at your answer."
        return "Thank you. We have this part; say when the answer is whole."

    def refused(error: DeskError) -> HttpResponse:
        mark(form, error)
        return _page(request, _request(actor, reference), answer=form)

    return Afterwards(run, to=_address(reference), refused=refused)


@require_POST
def ask_for_time(request: ScopedRequest, reference: str) -> HttpResponse:
    """More time, with a reason."""
    actor, asked = request.actor, _request(request.actor, reference)
    require_acting(request)
    form = ExtensionForm(request.POST)
    if not form.is_valid():
        return _page(request, asked, extension=form)
    data, request_id = form.cleaned_data, asked.pk

    def run() -> str:
        requests.ask_for_time(request_id=request_id, **data, by=actor, at=clocks.now())
        return "The response team decides on it; until then the former time holds."

    def refused(error: DeskError) -> HttpResponse:
        mark(form, error)
        return _page(request, _request(actor, reference), extension=form)

    return Afterwards(run, to=_address(reference), refused=refused)


def shown(rows: Iterable[Request]) -> list[Asked]:
    """Requests as lists show them."""
    now = clocks.now()
    return [Asked(row, WORDS[State(row.state)], row.is_overdue(now)) for row in rows]


def require_acting(request: ScopedRequest) -> None:
    """Refuse, in words, what only reads."""
    if not request.may_act:
        raise PermissionDenied(READ_ONLY)


def _request(actor: Actor, reference: str) -> Request:
    found = visibility.requests_for(actor).filter(reference=reference).first()
    if found is None:
        raise Http404
    return found


def _address(reference: str) -> str:
    return reverse("portal:request", args=[reference])


def _page(
    request: ScopedRequest,
    asked: Request,
    *,
    answer: forms.Form | None = None,
    extension: forms.Form | None = None,
) -> HttpResponse:
    now, is_open = clocks.now(), asked.state == State.OPEN
    answer_form = answer or AnswerForm()
    if not is_open:  # it is whole already
        answer_form.fields.pop("is_whole", None)
    context = {
        "asked": asked,
        "words": WORDS[State(asked.state)],
        "is_overdue": asked.is_overdue(now),
        "steps": visibility.steps_for(request.actor).filter(request_id=asked.pk),
        "answer": answer_form if answer or not asked.is_settled else None,
        "extension": (extension or ExtensionForm()) if is_open or extension else None,
        "is_extending": extension is not None,
        "is_wished": asked.extension_until is not None,
    }
    status = 422 if answer or extension else 200
    return render(request, "portal/requests/detail.html", context, status=status)
