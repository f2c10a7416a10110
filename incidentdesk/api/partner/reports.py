"""What the caller's partner reports."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from ninja import Router, Status
from pydantic import BaseModel

from cases import visibility
from cases.intake import reports
from cases.models import Report
from incidentdesk.api import fields
from incidentdesk.api.partner import door, paging
from incidentdesk.api.partner.door import PAGED, READ, WROTE
from incidentdesk.api.partner.shapes import Told
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.errors import InvalidInput, NotFound

router = Router(tags=["reports"])


class ReportPage(BaseModel):
    """Reports, newest first."""

    items: list[Told]
    next: str | None


class Category(BaseModel):
    """What kind of incident it is; its key goes into a report."""

    key: str
    name: str


class Categories(BaseModel):
    """All there are."""

    items: list[Category]


class Reported(fields.Given):
    """What looks wrong."""

    title: fields.Text
    description: fields.Text
    noticed_at: fields.Moment
    happened_at: fields.Moment | None = None
    category: fields.Key | None = None
    certainty: Literal["sure", "likely", "suspected"] | None = None


@router.get("/reports", response={200: ReportPage, **READ}, operation_id="list_reports")
def list_reports(
    request: HttpRequest,
    after: paging.After = None,
    limit: paging.Limit = 50,
) -> ReportPage:
    """What you reported, newest first."""

    def answer(by: Actor) -> ReportPage:
        order, names = ("-reported_at", "-id"), _categories()
        found, onward = paging.page(_reports(by), order, after=after, limit=limit)
        return ReportPage(items=[Told.of(row, names) for row in found], next=onward)

    return door.read(request, answer, known=PAGED)


@router.get("/reports/{report:reference}", response={200: Told, **READ}, operation_id="get_report")
def get_report(request: HttpRequest, reference: str) -> Told:
    """One report, how far it is, and our answer."""
    return door.read(request, lambda by: _told(by, reference))


@router.get("/categories", response={200: Categories, **READ}, operation_id="list_categories")
def list_categories(request: HttpRequest) -> Categories:
    """The kinds of incident that a report may name."""

    def answer(by: Actor) -> Categories:
        rows = visibility.categories()
        return Categories(items=[Category(key=row.key, name=row.name) for row in rows])

    return door.read(request, answer)


@router.post("/reports", response={201: Told, **WROTE}, operation_id="report_incident")
def report(
    request: HttpRequest, given: Reported, idempotency_key: door.Key = door.KEY
) -> Status[Told]:
    """Report an incident; it has a reference at once. Scope `act`."""

    def run(category_id: int | None, by: Actor, at: datetime) -> Report:
        return reports.report(
            title=given.title,
            description=given.description,
            noticed_at=given.noticed_at,
            happened_at=given.happened_at,
            category_id=category_id,
            certainty=given.certainty or "",
            by=by,
            at=at,
        )

    made: Report = door.act(request, lambda by: _category(given), run, key=idempotency_key)
    return Status(201, door.again(request, lambda by: _told(by, made.reference)))


def _reports(by: Actor) -> QuerySet[Report]:
    """Each with its files."""
    files = Prefetch("files", queryset=visibility.files_for(by))
    return visibility.reports_for(by).prefetch_related(files)


def _told(by: Actor, reference: str) -> Told:
    found = _reports(by).filter(reference=reference).first()
    if found is None:
        raise NotFound("There is no such report.")
    return Told.of(found, _categories())


def _categories() -> dict[int, str]:
    return {row.pk: row.key for row in visibility.categories()}


def _category(given: Reported) -> int | None:
    if given.category is None:
        return None
    found = visibility.categories().filter(key=given.category).first()
    if found is None:
        raise InvalidInput(
            f"There is no category {given.category}; see /api/v1/partner/categories."
        )
    return found.pk
