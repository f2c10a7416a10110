"""The rows of who holds which role on an incident. `crew` and `workflow` decide; this writes."""

from __future__ import annotations

from datetime import datetime

from cases.models import Assignment, Incident

Role = Assignment.Role
ALONE = (Role.COMMANDER, Role.COMMUNICATIONS, Role.SCRIBE)  # one person at a time


def held(incident: Incident, role: str) -> Assignment | None:
    """Who holds a role now; of several responders, the first."""
    rows = incident.assignments.filter(role=role, accepted_at__isnull=False, ended_at=None)
    return rows.select_related("user").order_by("id").first()


def begin(assignment: Assignment, *, at: datetime) -> None:
    """It is held from now on; of a role for one, every other holder and offer ends."""
    if assignment.role in ALONE:
        others = Assignment.objects.filter(
            incident_id=assignment.incident_id, role=assignment.role, ended_at=None
        )
        others.exclude(pk=assignment.pk).update(ended_at=at)
    assignment.accepted_at = at
    assignment.save(update_fields=["accepted_at"])


def take(incident: Incident, role: str, user_id: int, *, at: datetime) -> None:
    """A person steps into a role without being asked; an offer of it to that person is used."""
    offer, _ = Assignment.objects.get_or_create(
        incident=incident,
        role=role,
        user_id=user_id,
        ended_at=None,
        defaults={"offered_at": at, "offered_by_id": user_id},
    )
    begin(offer, at=at)
