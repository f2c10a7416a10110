"""Incidents of the caller's partner, the notices about them, and the thread with the team."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import HttpRequest
from ninja import Router, Status
from pydantic import BaseModel

from cases import notices, restoring, thread, visibility
from cases.models import Involvement, NoticeCopy
from cases.models.incident import OVER
from incidentdesk.api import fields
from incidentdesk.api.partner import door, paging
from incidentdesk.api.partner.door import PAGED, READ, WROTE
from incidentdesk.api.partner.shapes import Incident, Notice, Written
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.errors import NotFound

router = Router(tags=["incidents"])
ONE = "/incidents/{incident:reference}"
NOTICE = f"{ONE}/notices/{{int:number}}"


class IncidentPage(BaseModel):
    """Incidents, newest first."""

    items: list[Incident]
    next: str | None


class Notices(BaseModel):
    """All that we told you about one incident, oldest first."""

    items: list[Notice]


class Thread(BaseModel):
    """All that was written about one incident, oldest first."""

    items: list[Written]


class Words(fields.Given):
    """What to write."""

    text: fields.Text


@router.get("/incidents", response={200: IncidentPage, **READ}, operation_id="list_incidents")
def list_incidents(
    request: HttpRequest,
    open: bool | None = None,
    after: paging.After = None,
    limit: paging.Limit = 50,
) -> IncidentPage:
    """Incidents that are shown to you, newest first; `open` says which alone."""

    def answer(by: Actor) -> IncidentPage:
        rows = visibility.involvements_for(by)
        if open is not None:
            rows = rows.exclude(phase__in=OVER) if open else rows.filter(phase__in=OVER)
        order = ("-disclosed_at", "-id")
        found, onward = paging.page(rows, order, after=after, limit=limit)
        return IncidentPage(items=[Incident.of(row) for row in found], next=onward)

    return door.read(request, answer, known=("open", *PAGED))


@router.get(ONE, response={200: Incident, **READ}, operation_id="get_incident")
def get_incident(request: HttpRequest, reference: str) -> Incident:
    """One incident."""
    return door.read(request, lambda by: Incident.of(incident_of(by, reference)))


@router.get(f"{ONE}/notices", response={200: Notices, **READ}, operation_id="list_notices")
def list_notices(request: HttpRequest, reference: str) -> Notices:
    """What we told you about it. That a program reads them counts for no person as having read."""

    def answer(by: Actor) -> Notices:
        rows = _sent(by, incident_of(by, reference))
        return Notices(items=[Notice.of(row, n) for n, row in enumerate(rows, start=1)])

    return door.read(request, answer)


@router.get(NOTICE, response={200: Notice, **READ}, operation_id="get_notice")
def get_notice(request: HttpRequest, reference: str, number: fields.PathId) -> Notice:
    """One notice."""
    return door.read(request, lambda by: Notice.of(_notice(by, reference, number), number))


@router.post(
    f"{NOTICE}/acknowledge", response={200: Notice, **WROTE}, operation_id="acknowledge_notice"
)
def acknowledge(
    request: HttpRequest,
    reference: str,
    number: fields.PathId,
    idempotency_key: door.Key = door.KEY,
) -> Notice:
    """Say that it was read, as the person whose token this is. Scope `act`."""
    door.act(
        request,
        lambda by: _notice(by, reference, number).pk,
        lambda pk, by, at: notices.acknowledge(copy_id=pk, by=by, at=at),
        key=idempotency_key,
        takes_body=False,
    )
    return door.again(request, lambda by: Notice.of(_notice(by, reference, number), number))


@router.post(
    f"{ONE}/confirm-recovery", response={200: Incident, **WROTE}, operation_id="confirm_recovery"
)
def confirm_recovery(
    request: HttpRequest, reference: str, idempotency_key: door.Key = door.KEY
) -> Incident:
    """Say that the service works again for you. Scope `act`."""
    door.act(
        request,
        lambda by: incident_of(by, reference).pk,
        lambda pk, by, at: restoring.confirm(involvement_id=pk, by=by, at=at),
        key=idempotency_key,
        takes_body=False,
    )
    return door.again(request, lambda by: Incident.of(incident_of(by, reference)))


@router.get(f"{ONE}/thread", response={200: Thread, **READ}, operation_id="list_thread")
def list_thread(request: HttpRequest, reference: str) -> Thread:
    """What you and the response team wrote to each other about it."""
    return door.read(request, lambda by: _thread(by, reference))


@router.post(f"{ONE}/thread", response={201: Thread, **WROTE}, operation_id="write_to_thread")
def write(
    request: HttpRequest, reference: str, given: Words, idempotency_key: door.Key = door.KEY
) -> Status[Thread]:
    """Write to the response team; answers the thread as it is then. Scope `act`."""
    door.act(
        request,
        lambda by: incident_of(by, reference).pk,
        lambda pk, by, at: thread.reply(involvement_id=pk, text=given.text, by=by, at=at),
        key=idempotency_key,
    )
    return Status(201, door.again(request, lambda by: _thread(by, reference)))


def incident_of(by: Actor, reference: str) -> Involvement:
    """The incident of this reference as it concerns this partner; any other is not there."""
    found = visibility.involvements_for(by).filter(reference=reference).first()
    if found is None:
        raise NotFound("There is no such incident.")
    return found


def _sent(by: Actor, involvement: Involvement) -> QuerySet[NoticeCopy]:
    """Numbered as the portal numbers them."""
    copies = visibility.notices_for(by).filter(involvement_id=involvement.pk)
    return copies.order_by("sent_at", "id")


def _notice(by: Actor, reference: str, number: int) -> NoticeCopy:
    rows = _sent(by, incident_of(by, reference))
    found = rows[number - 1 : number].first() if number < 10**6 else None
    if found is None:
        raise NotFound("There is no such notice.")
    return found


def _thread(by: Actor, reference: str) -> Thread:
    rows = visibility.remarks_for(by).filter(involvement_id=incident_of(by, reference).pk)
    return Thread(items=[Written.of(row) for row in rows])
