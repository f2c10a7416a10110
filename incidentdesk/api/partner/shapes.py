"""What a partner's programs read: every field by name, and nothing that is not named."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings
from pydantic import BaseModel, Field

from cases.models import (
    FactsPackage,
    Involvement,
    NoticeCopy,
    Remark,
    Report,
    Request,
    RequestStep,
    SharedFile,
)
from partners.portal.views import facts

# What became of a report, in the partner's words. Whether others know of the incident that it
# became is told apart by nothing.
STATES = {
    Report.State.NEW: "waits",
    Report.State.ACCEPTED: "in work",
    Report.State.ATTACHED: "in work",
    Report.State.DECLINED: "answered",
}


class Incident(BaseModel):
    """An incident as it concerns your company."""

    reference: str
    title: str
    meaning: str = Field(description="What it means for your company.")
    severity: int = Field(description="For your company: 1 is the worst, 4 the mildest.")
    phase: str
    phase_times: dict[str, datetime] = Field(description="When it came into each phase.")
    started_at: datetime | None
    disclosed_at: datetime | None
    is_exercise: bool
    continued_as: str = Field(description="The incident of yours as which it goes on; or empty.")
    recovery_confirmed_at: datetime | None
    recovery_confirmed_by: str
    link: str

    @classmethod
    def of(cls, row: Involvement) -> Incident:
        """A row that the window gave."""
        return cls(link=_link("incidents", row.reference), **_named(cls, row, but=("link",)))


class Notice(BaseModel):
    """What we told you about an incident; numbered from the first."""

    number: int
    kind: str
    tlp: str
    body: str
    sent_at: datetime
    next_update_at: datetime | None
    is_emergency: bool = Field(description="Sent without a second person's approval.")
    acknowledged_at: datetime | None
    acknowledged_by: str

    @classmethod
    def of(cls, row: NoticeCopy, number: int) -> Notice:
        """A row that the window gave."""
        return cls(number=number, **_named(cls, row, but=("number",)))


class File(BaseModel):
    """A file that is part of what was said."""

    key: UUID = Field(description="By which `get_file` hands it out.")
    name: str
    size: int
    sha256: str
    added_at: datetime
    link: str = Field(description="Where a person loads it in the portal.")

    @classmethod
    def of(cls, row: SharedFile) -> File:
        """A row that the window gave."""
        return cls(link=_link("files", row.key), **_named(cls, row, but=("link",)))


class Facts(BaseModel):
    """The figures of an incident for your company, for your own reports; null is not known."""

    reference: str
    stage: str = Field(description="initial, interim or final.")
    label: str = Field(description="The word that pages have for it: first, interim or final.")
    handed_over_at: datetime
    incident: str
    title: str
    severity: int
    is_exercise: bool
    what_happened: str
    affected_services: str
    began_at: datetime | None
    ended_at: datetime | None
    is_estimate: bool
    clients: int | None
    clients_share: Decimal | None = Field(description="Per cent of all your clients.")
    transactions: int | None
    transactions_share: Decimal | None = Field(description="Per cent of all your transactions.")
    value_eur: int | None
    downtime_minutes: int | None
    link: str

    @classmethod
    def of(cls, row: FactsPackage) -> Facts:
        """A row that the window gave."""
        return cls(link=_link("facts", row.reference), **facts.content(row))


class Missing(BaseModel):
    """A field of the DORA report that is not in it."""

    number: str = Field(description="As in Annex I of ITS (EU) 2025/302.")
    name: str
    whose: str = Field(description="desk: we have still to say it; partner: yours to add.")


class FactsReport(BaseModel):
    """A facts package field by field, for your own DORA report. You decide, and you report."""

    reference: str
    stage: str = Field(description="initial, interim or final.")
    report: dict[str, Any] = Field(
        description="In the shape of the reporting schema IR-1.2.1; what is not known is not in "
        "it. Empty: it was handed over before there were such reports."
    )
    missing: list[Missing]

    @classmethod
    def of(cls, row: FactsPackage) -> FactsReport:
        """A row that the window gave, as it was handed over."""
        missing = [Missing(**one) for one in row.missing]
        return cls(
            reference=row.reference, stage=row.stage, report=dict(row.report), missing=missing
        )


class Written(BaseModel):
    """One message of the thread with the response team."""

    at: datetime
    is_ours: bool = Field(description="Whether the response team wrote it.")
    author: str
    text: str
    files: list[File]

    @classmethod
    def of(cls, row: Remark) -> Written:
        """A row that the window gave."""
        files = [File.of(one) for one in row.files.all()]
        return cls(files=files, **_named(cls, row, but=("files",)))


class Told(BaseModel):
    """What you reported to us."""

    reference: str
    title: str
    description: str
    category: str | None
    certainty: str = Field(description="sure, likely, suspected, or empty.")
    noticed_at: datetime
    happened_at: datetime | None
    reported_at: datetime
    reporter: str
    state: str = Field(description="waits, in work, or answered.")
    answer: str
    files: list[File]
    link: str

    @classmethod
    def of(cls, row: Report, categories: dict[int, str]) -> Told:
        """A row that the window gave, with its files."""
        return cls(
            files=[File.of(one) for one in row.files.all()],
            category=categories.get(row.category_id or 0),
            state=STATES[Report.State(row.state)],
            link=_link("reports", row.reference),
            **_named(cls, row, but=("category", "state", "files", "link")),
        )


class Step(BaseModel):
    """One line of what was said about a request."""

    kind: str
    at: datetime
    is_ours: bool
    author: str
    text: str
    until: datetime | None
    files: list[File]

    @classmethod
    def of(cls, row: RequestStep) -> Step:
        """A row that the window gave."""
        files = [File.of(one) for one in row.files.all()]
        return cls(files=files, **_named(cls, row, but=("files",)))


class Asked(BaseModel):
    """What we need from you."""

    reference: str
    incident: str = Field(description="The reference of the incident that it belongs to.")
    question: str
    why: str
    state: str = Field(description="open, answered, accepted or withdrawn.")
    asked_at: datetime
    due_at: datetime
    answered_at: datetime | None
    was_late: bool
    extension_until: datetime | None
    extension_reason: str
    settled_at: datetime | None
    link: str

    @classmethod
    def of(cls, row: Request) -> Asked:
        """A row that the window gave."""
        return cls(**cls.values(row))

    @classmethod
    def values(cls, row: Request) -> dict[str, Any]:
        """Its fields."""
        link, incident = _link("requests", row.reference), row.involvement.reference
        return {**_named(Asked, row, but=("incident", "link")), "incident": incident, "link": link}


class AskedWhole(Asked):
    """The same with all that was said about it, oldest first."""

    steps: list[Step]


class Event(BaseModel):
    """Something that happened for your company; a webhook is sent exactly this."""

    id: str
    number: int
    type: str
    timestamp: str = Field(json_schema_extra={"format": "date-time"})
    data: dict[str, Any]


def _named(shape: type[BaseModel], row: object, *, but: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in shape.model_fields if name not in but}


def _link(noun: str, name: object) -> str:
    return f"{settings.SITE_URL}/portal/{noun}/{name}/"
