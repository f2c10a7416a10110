"""Evaluation: impact, scope and urgency, the severity that follows, and overriding it.

Anyone who responds may raise a severity; only a commander lowers one, with a reason, and never
below a floor. Every change re-evaluates deadlines and escalation.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from cases import deadlines, moving, queries, response, timeline, workflow
from cases.models import Category, Entry, Incident
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import InvalidInput


@dataclass(frozen=True)
class Evaluation:
    """What was found out. Axes that nobody knows yet stay None and count as assumed."""

    category_id: int
    impact: int | None
    scope: int | None
    urgency: int | None
    floors: tuple[str, ...] = ()
    occurred_at: datetime | None = None
    detected_at: datetime | None = None
    aware_at: datetime | None = None
    tlp: str = "AMBER"
    is_confirmed: bool = False
    reason: str = ""


@transaction.atomic
def evaluate(*, incident_id: int, found: Evaluation, by: Actor, at: datetime) -> Incident:
    """Set category, axes, floors and times; the severity follows from the matrix.

    `is_confirmed` says that the nature is confirmed: it is an incident of this category. The
    first time a category is set, its playbook is laid out as tasks.
    """
    incident = queries.locked(incident_id, by=by)
    access.require(by, Permission.INCIDENT_RESPOND)
    moving.require_open(incident)
    _check_times(incident, found, at=at)
    was_category, before = incident.category_id, incident.severity
    was_confirmed = incident.confirmed_at is not None
    incident.category = Category.objects.get(pk=found.category_id)
    incident.impact, incident.scope, incident.urgency = found.impact, found.scope, found.urgency
    incident.floors, incident.tlp = sorted(found.floors), found.tlp
    incident.occurred_at, incident.aware_at = found.occurred_at, found.aware_at
    incident.detected_at = found.detected_at or incident.detected_at
    if found.is_confirmed and incident.confirmed_at is None:
        incident.confirmed_at = at
    result = incident.computed_severity()
    if was_confirmed or incident.severity_override is not None:
        _may_change(before, result.severity, reason=found.reason, by=by)
    incident.severity_override, incident.severity_reason = None, ""
    incident.severity = result.severity
    incident.save()
    incident.involvements.update(started_at=incident.occurred_at)  # partners see when it began
    nature = "Nature confirmed. " if incident.confirmed_at else "Nature not confirmed yet. "
    text = f"{nature}{incident.category}. SEV-{incident.severity}: {result.why}."
    _tell(incident, before, text, found.reason, by=by, at=at)
    if incident.category_id != was_category or not incident.tasks.exists():
        response.lay_out_playbook(incident, former_id=was_category)
    workflow.meet_evaluation(incident, at=at)
    return incident


@transaction.atomic
def override_severity(
    *, incident_id: int, severity: int, reason: str, by: Actor, at: datetime
) -> Incident:
    """Set the severity by hand, with a reason; never milder than a floor allows."""
    incident = queries.locked(incident_id, by=by)
    access.require(by, Permission.INCIDENT_RESPOND)
    moving.require_open(incident)
    moving.require_reason(reason, "Overriding a severity")
    floor = incident.computed_severity().floor
    if floor and severity > floor.severity:
        raise InvalidInput(
            f"The severity cannot be milder than SEV-{floor.severity}: {floor.words}."
        )
    before = incident.severity
    incident.severity_override, incident.severity_reason = severity, reason.strip()
    _may_change(before, severity, reason=reason, by=by)
    incident.severity = severity
    incident.save()
    text = f"Severity set by hand to SEV-{severity}, from SEV-{before}."
    _tell(incident, before, text, reason, by=by, at=at)
    return incident


def _may_change(before: int, after: int, *, reason: str, by: Actor) -> None:
    """Making a confirmed severity milder needs the commander's right and a reason."""
    if after > before:
        access.require(by, Permission.INCIDENT_COMMAND)
        moving.require_reason(reason, f"Lowering the severity from SEV-{before} to SEV-{after}")


def _tell(
    incident: Incident, before: int, text: str, reason: str, *, by: Actor, at: datetime
) -> None:
    """The timeline, the clocks and, if it is worse and nobody looks yet, a new ladder."""
    why = f" Reason: {reason.strip()}" if reason.strip() else ""
    timeline.record(incident, Entry.Kind.EVALUATION, text + why, by=by, at=at)
    deadlines.reset(incident)
    if incident.severity < before and incident.acknowledged_at is None:
        moving.escalate_again(incident, at=at)


def _check_times(incident: Incident, found: Evaluation, *, at: datetime) -> None:
    detected = found.detected_at or incident.detected_at
    if found.occurred_at and found.occurred_at > detected:
        raise InvalidInput("It cannot have been detected before it occurred; check the two times.")
    if found.aware_at and found.aware_at < detected:
        raise InvalidInput("We cannot have been aware before it was detected; check the two times.")
    if max(filter(None, (found.occurred_at, detected, found.aware_at))) > at:
        raise InvalidInput("A time lies in the future; check the times.")
