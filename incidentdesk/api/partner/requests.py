"""What the caller's partner is asked for, and its answers."""

from __future__ import annotations

from django.http import HttpRequest
from ninja import Router
from pydantic import BaseModel

from cases import requests, visibility
from cases.models import Request
from incidentdesk.api import fields
from incidentdesk.api.partner import door, paging
from incidentdesk.api.partner.door import PAGED, READ, WROTE
from incidentdesk.api.partner.shapes import Asked, AskedWhole, Step
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.errors import NotFound

router = Router(tags=["requests"])
ONE = "/requests/{request:reference}"
OPEN = (Request.State.OPEN, Request.State.ANSWERED)


class RequestPage(BaseModel):
    """Requests, the first that is due first."""

    items: list[Asked]
    next: str | None


class Answer(fields.Given):
    """The answer, or a part of it."""

    text: fields.Text
    is_whole: fields.Flag


class MoreTime(fields.Given):
    """Until when you need longer, and why."""

    until: fields.Moment
    reason: fields.Text


@router.get("/requests", response={200: RequestPage, **READ}, operation_id="list_requests")
def list_requests(
    request: HttpRequest,
    open: bool | None = None,
    after: paging.After = None,
    limit: paging.Limit = 50,
) -> RequestPage:
    """What we ask you for, by its time; `open` says whether those alone that are not settled."""

    def answer(by: Actor) -> RequestPage:
        rows = visibility.requests_for(by)
        if open is not None:
            rows = rows.filter(state__in=OPEN) if open else rows.exclude(state__in=OPEN)
        found, onward = paging.page(rows, ("due_at", "id"), after=after, limit=limit)
        return RequestPage(items=[Asked.of(row) for row in found], next=onward)

    return door.read(request, answer, known=("open", *PAGED))


@router.get(ONE, response={200: AskedWhole, **READ}, operation_id="get_request")
def get_request(request: HttpRequest, reference: str) -> AskedWhole:
    """One request with all that was said about it."""
    return door.read(request, lambda by: _whole(by, reference))


@router.post(f"{ONE}/answer", response={200: AskedWhole, **WROTE}, operation_id="answer_request")
def answer(
    request: HttpRequest, reference: str, given: Answer, idempotency_key: door.Key = door.KEY
) -> AskedWhole:
    """Answer, in part or to the end; files are added in the portal. Scope `act`."""
    door.act(
        request,
        lambda by: _request(by, reference).pk,
        lambda pk, by, at: requests.answer(
            request_id=pk, text=given.text, is_whole=given.is_whole, by=by, at=at
        ),
        key=idempotency_key,
    )
    return door.again(request, lambda by: _whole(by, reference))


@router.post(
    f"{ONE}/ask-for-time", response={200: AskedWhole, **WROTE}, operation_id="ask_for_time"
)
def ask_for_time(
    request: HttpRequest, reference: str, given: MoreTime, idempotency_key: door.Key = door.KEY
) -> AskedWhole:
    """Ask for more time, with a reason; until we decide the former time holds. Scope `act`."""
    door.act(
        request,
        lambda by: _request(by, reference).pk,
        lambda pk, by, at: requests.ask_for_time(
            request_id=pk, until=given.until, reason=given.reason, by=by, at=at
        ),
        key=idempotency_key,
    )
    return door.again(request, lambda by: _whole(by, reference))


def _request(by: Actor, reference: str) -> Request:
    found = visibility.requests_for(by).filter(reference=reference).first()
    if found is None:
        raise NotFound("There is no such request.")
    return found


def _whole(by: Actor, reference: str) -> AskedWhole:
    found = _request(by, reference)
    steps = [Step.of(row) for row in visibility.steps_for(by).filter(request_id=found.pk)]
    return AskedWhole(steps=steps, **Asked.values(found))
