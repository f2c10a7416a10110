"""The rows of who holds which role on an incident. `crew` and `workflow` decide; this writes.

Also who may own a part of its work, a task or a fix.
"""

from __future__ import annotations

from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from cases import sight
from cases.models import Assignment, Incident
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Permission
from incidentdesk.kernel.errors import InvalidInput
from incidentdesk.kernel.models import User

Role = Assignment.Role
ALONE = (Role.COMMANDER, Role.COMMUNICATIONS, Role.SCRIBE)  # one person at a time


def held(incident: Incident, role: str) -> Assignment | None:
    """Who holds a role now; of several responders, the first."""
    rows = incident.assignments.filter(role=role, accepted_at__isnull=False, ended_at=None)
    return rows.select_related("user").order_by("id").first()


def commanded(incident: Incident) -> set[int]:
    """Everybody who commands or ever commanded it. One query."""
    rows = incident.assignments.filter(role=Role.COMMANDER, accepted_at__isnull=False)
    found = {*incident.commanded_by, *rows.order_by().values_list("user_id", flat=True)}
    return found | ({incident.commander_id} if incident.commander_id else set())


def ever_led_by(user_id: int | None) -> Q:
    """The same for one person, as a condition on incidents."""
    rows = Assignment.objects.filter(incident=OuterRef("pk"), user=user_id, role=Role.COMMANDER)
    taken = Exists(rows.filter(accepted_at__isnull=False))
    return Q(commander=user_id) | Q(commanded_by__contains=[user_id]) | Q(taken)


def begin(assignment: Assignment, *, at: datetime) -> None:
    """It is held from now on; of a role for one, every other holder and offer ends."""
    if assignment.role in ALONE:
        others = Assignment.objects.filter(
            incident_id=assignment.incident_id, role=assignment.role, ended_at=None
        )
        others.exclude(pk=assignment.pk).update(ended_at=at)
    assignment.accepted_at = at
    assignment.save(update_fields=["accepted_at"])


def go_on_before(declined: Assignment) -> None:
    """Whoever declined to take over, and did the same work before being asked, goes on with it."""
    if declined.takes_over:
        Assignment.objects.filter(
            incident_id=declined.incident_id,
            role=declined.role,
            user_id=declined.user_id,
            accepted_at__isnull=False,
            ended_at=declined.offered_at,
        ).update(ended_at=None)


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


def owner(incident: Incident, owner_id: int | None) -> User | None:
    """The person, if one is named who works on incidents and is let into this one."""
    if owner_id is None:
        return None
    found = User.objects.filter(pk=owner_id).first()
    if found is None or not access.allows(access.actor_for(found), Permission.INCIDENT_RESPOND):
        raise InvalidInput(
            "The owner has to be somebody at the desk who works on incidents; choose one."
        )
    if sight.is_closed(incident, access.actor_for(found)):
        raise InvalidInput(f"{found} may not open this incident; name {found} on it first.")
    return found
