"""What the caller's partner was handed: facts packages, and the files it shares with the desk."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest, StreamingHttpResponse
from ninja import Router
from pydantic import BaseModel

from cases import files, visibility
from cases.models import SharedFile
from incidentdesk.api.partner import door
from incidentdesk.api.partner.door import READ
from incidentdesk.api.partner.incidents import ONE, incident_of
from incidentdesk.api.partner.shapes import Facts, FactsReport, File
from incidentdesk.kernel import downloads
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.errors import NotFound

router = Router(tags=["facts and files"])
BYTES: dict[str, Any] = {
    "responses": {
        200: {
            "description": "The file.",
            "content": {
                "application/octet-stream": {"schema": {"type": "string", "format": "binary"}}
            },
        }
    }
}


class Packages(BaseModel):
    """All facts packages of one incident, oldest first."""

    items: list[Facts]


class Files(BaseModel):
    """All files of one incident, oldest first."""

    items: list[File]


@router.get(f"{ONE}/facts", response={200: Packages, **READ}, operation_id="list_facts")
def list_facts(request: HttpRequest, reference: str) -> Packages:
    """The facts packages that you were handed. Each stays as it is; a later one follows."""

    def answer(by: Actor) -> Packages:
        rows = visibility.packages_for(by).filter(involvement_id=incident_of(by, reference).pk)
        return Packages(items=[Facts.of(row) for row in rows.order_by("id")])

    return door.read(request, answer)


@router.get("/facts/{facts:reference}", response={200: Facts, **READ}, operation_id="get_facts")
def get_facts(request: HttpRequest, reference: str) -> Facts:
    """One facts package."""

    def answer(by: Actor) -> Facts:
        found = visibility.packages_for(by).filter(reference=reference).first()
        if found is None:
            raise NotFound("There is no such facts package.")
        return Facts.of(found)

    return door.read(request, answer)


@router.get(
    "/facts/{facts:reference}/report",
    response={200: FactsReport, **READ},
    operation_id="get_facts_report",
)
def get_facts_report(request: HttpRequest, reference: str) -> FactsReport:
    """Its fields for your DORA report, as far as we knew them when it was handed over."""

    def answer(by: Actor) -> FactsReport:
        found = visibility.packages_for(by).filter(reference=reference).first()
        if found is None:
            raise NotFound("There is no such facts package.")
        return FactsReport.of(found)

    return door.read(request, answer)


@router.get(f"{ONE}/files", response={200: Files, **READ}, operation_id="list_files")
def list_files(request: HttpRequest, reference: str) -> Files:
    """The files of its thread and of what we asked you about it."""

    def answer(by: Actor) -> Files:
        pk = incident_of(by, reference).pk
        part = Q(remark__involvement_id=pk) | Q(step__request__involvement_id=pk)
        return Files(items=[File.of(row) for row in visibility.files_for(by).filter(part)])

    return door.read(request, answer)


@router.get("/files/{uuid:key}", response=READ, operation_id="get_file", openapi_extra=BYTES)
def get_file(request: HttpRequest, key: UUID) -> StreamingHttpResponse:
    """One file, of an incident, a report, a request or a procedure, byte by byte."""
    opened = files.opened(door.read(request, lambda by: _file(by, key)))
    return downloads.inert(opened.chunks(), name=opened.name, size=opened.size)


def _file(by: Actor, key: UUID) -> SharedFile:
    found = visibility.files_for(by).filter(key=key).first()
    if found is None:
        raise NotFound("There is no such file.")
    return found
