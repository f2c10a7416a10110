"""What staff may see. Every list and detail of the desk starts here; what one may not see is not
there. Also the lock that every use case begins with."""

from __future__ import annotations

from django.db.models import QuerySet

from cases.models import Alert, Checkpoint, Event, Incident, Notice, Report, Task
from cases.models.incident import IncidentQuerySet
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import NotFound


def visible_to(actor: Actor) -> IncidentQuerySet:
    """The incidents that this actor may read."""
    if not access.allows(actor, Permission.INCIDENT_READ):
        return Incident.objects.none()
    return Incident.objects.all()


def notices_visible_to(actor: Actor) -> QuerySet[Notice]:
    """The notices that this actor may read."""
    return Notice.objects.filter(incident__in=visible_to(actor))


def reports_visible_to(actor: Actor) -> QuerySet[Report]:
    """The partner reports that this actor may read."""
    if not access.allows(actor, Permission.INCIDENT_READ):
        return Report.objects.none()
    return Report.objects.all()


def alerts_visible_to(actor: Actor) -> QuerySet[Alert]:
    """The alerts that this actor may read."""
    return Alert.objects.filter(incident__in=visible_to(actor))


def events_visible_to(actor: Actor) -> QuerySet[Event]:
    """The raw deliveries of sources that this actor may read."""
    if not access.allows(actor, Permission.INCIDENT_READ):
        return Event.objects.none()
    return Event.objects.all()


def tasks_visible_to(actor: Actor) -> QuerySet[Task]:
    """The tasks that this actor may read."""
    return Task.objects.filter(incident__in=visible_to(actor))


def checkpoints_visible_to(actor: Actor) -> QuerySet[Checkpoint]:
    """The checkpoints that this actor may read."""
    if not access.allows(actor, Permission.AUDIT_READ):
        return Checkpoint.objects.none()
    return Checkpoint.objects.all()


def locked(incident_id: int) -> Incident:
    """The incident, its row locked until the transaction ends, read after the lock was had."""
    incident = (
        # Not the key: rows that name the incident are still written beside, without a deadlock.
        Incident.objects.select_for_update(of=("self",), no_key=True)
        .select_related("category", "commander")
        .filter(pk=incident_id)
        .first()
    )
    if incident is None:
        raise NotFound("There is no such incident; it may be on another desk.")
    return incident
