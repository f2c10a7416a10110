"""What a caller may see: what may not be seen is not there, for lists, details and use cases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import Model, QuerySet

from cases import correspondence
from cases import queries as cases
from cases.models import (
    AffectedSystem,
    Assignment,
    Category,
    Involvement,
    RegulatoryClock,
    Source,
)
from incidentdesk.kernel import access, audit, clocks
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import NotFound
from incidentdesk.kernel.models import User
from partners.models import Partner
from reviews import queries as reviews
from reviews import recurrence
from reviews.models import Attendee, Cause, DocumentUpdate

Seen = Callable[[Actor], QuerySet[Any]]


def register(model: type[Model]) -> Seen:
    """The rows of a register: whoever reads the desk reads them."""

    def rows(by: Actor) -> QuerySet[Any]:
        may = access.allows(by, Permission.INCIDENT_READ)
        return model._default_manager.all() if may else model._default_manager.none()

    return rows


def of_incident(model: type[Model], path: str = "incident") -> Seen:
    """The rows that belong to the incidents that one may see."""

    def rows(by: Actor) -> QuerySet[Any]:
        return model._default_manager.filter(**{f"{path}__in": cases.visible_to(by)})

    return rows


def of_review(model: type[Model]) -> Seen:
    """The rows that belong to the reviews that one may see."""
    return of_incident(model, "review__incident")


def people(by: Actor) -> QuerySet[User]:
    """Who works at the desk."""
    rows = User.objects.filter(is_active=True).exclude(roles=[])
    return rows if access.allows(by, Permission.INCIDENT_READ) else rows.none()


# By the name that a use case gives the row's number.
SEEN: dict[str, Seen] = {
    "incident_id": cases.visible_to,
    "notice_id": cases.notices_visible_to,
    "report_id": cases.reports_visible_to,
    "request_id": correspondence.requests_visible_to,
    "file_id": correspondence.files_visible_to,
    "involvement_id": of_incident(Involvement),
    "affected_id": of_incident(AffectedSystem),
    "review_id": reviews.visible_to,
    "action_id": reviews.actions_visible_to,
    "lesson_id": reviews.lessons_visible_to,
    "check_id": reviews.checks_visible_to,
    "control_id": reviews.controls_visible_to,
    "plan_id": reviews.plans_visible_to,
    "problem_id": recurrence.problems_visible_to,
    "document_id": of_review(DocumentUpdate),
    "cause_id": of_review(Cause),
    "attendee_id": of_review(Attendee),
    "source_id": register(Source),
    "partner_id": register(Partner),
    "category_id": register(Category),
    "playbook_id": cases.playbooks_visible_to,
    "task_id": cases.tasks_visible_to,
    "evidence_id": cases.evidence_visible_to,
    "fix_id": cases.fixes_visible_to,
    "assignment_id": of_incident(Assignment),
    "clock_id": of_incident(RegulatoryClock),
}


def require(name: str, pk: int, by: Actor) -> None:
    """Refuse, as if there were none, a row that the caller may not see."""
    if not SEEN[name](by).filter(pk=pk).exists():
        raise NotFound(f"There is no {name.removesuffix('_id')} {pk}.")


def note_reading(by: Actor, about: str, **detail: Any) -> None:
    """An auditor reads everything, and every reading is recorded."""
    if by.is_auditor:
        audit.record(by=by, at=clocks.now(), action="read", about=about, **detail)
