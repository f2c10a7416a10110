"""What staff may see. Every list and detail of the desk starts here; what one may not see is not
there. Also the lock that every use case begins with."""

from __future__ import annotations

from collections import defaultdict

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Q, QuerySet

from cases.models import AffectedSystem, Alert, Event, Incident, Notice, Report, Task
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


def shared_systems(actor: Actor) -> dict[str, list[Incident]]:
    """The systems that several open incidents name, each with these incidents, worst first.

    One query over what is open; an incident that `actor` may not read is not counted.
    """
    rows = (
        AffectedSystem.objects.filter(incident__in=visible_to(actor).open())
        .select_related("incident", "system")
        .only("system__name", "incident__reference", "incident__title", "incident__severity")
        .order_by("system__name", "incident__severity", "-incident__opened_at", "-incident_id")
    )
    found: dict[str, list[Incident]] = defaultdict(list)
    for row in rows:
        found[row.system.name].append(row.incident)
    return {name: incidents for name, incidents in found.items() if len(incidents) > 1}


def sharing_systems(incident: Incident, actor: Actor) -> IncidentQuerySet:
    """Other open incidents that list a system which this one lists too: a risk in common.

    Each carries `shared`, the names of those systems in order. One query, whatever their number.
    """
    others = visible_to(actor).open().exclude(pk=incident.pk)
    shared = Q(systems__system__in=incident.systems.values("system"))
    names = ArrayAgg(
        "systems__system__name", filter=shared, distinct=True, order_by="systems__system__name"
    )
    return others.filter(shared).annotate(shared=names).order_by("severity", "-opened_at", "-id")


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


def lock_alerts(incident: Incident) -> QuerySet[Alert]:
    """The alerts of a locked incident, their rows locked too: after it and in the order of their
    ids, as deliveries do, so that a click and a delivery never wait for each other in a ring."""
    alerts = Alert.objects.filter(incident=incident)
    list(alerts.select_for_update(no_key=True).order_by("pk").values_list("pk"))
    return alerts
