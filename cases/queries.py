"""What staff may see. Every list and detail of the desk starts here; what one may not see is not
there. Also the lock that every use case begins with."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Q, QuerySet

from cases.models import (
    AffectedSystem,
    Alert,
    Event,
    Incident,
    Notice,
    Playbook,
    Report,
    Task,
)
from cases.models.incident import OVER, IncidentQuerySet
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import NotFound
from partners.models import Partner


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


# --- work: tasks, playbooks, systems --------------------------------------------------------------


def tasks_in_progress(actor: Actor) -> QuerySet[Task]:
    """The tasks of open incidents that this actor may read."""
    return tasks_visible_to(actor).exclude(incident__phase__in=OVER)


def tasks_of(actor: Actor) -> QuerySet[Task]:
    """This person's own open tasks, in every incident that is not over."""
    return tasks_in_progress(actor).filter(owner_id=actor.user_id or 0, state=Task.State.OPEN)


def tasks_to_confirm(actor: Actor) -> QuerySet[Task]:
    """Tasks that are done and wait for a second person, who is not the one who ended them."""
    return (
        tasks_in_progress(actor)
        .filter(state=Task.State.DONE, needs_second_person=True, confirmed_at=None)
        .exclude(ended_by_id=actor.user_id)
    )


def playbooks_visible_to(actor: Actor) -> QuerySet[Playbook]:
    """The versions of playbooks that this actor may read."""
    if not access.allows(actor, Permission.INCIDENT_READ):
        return Playbook.objects.none()
    return Playbook.objects.all()


def affected_visible_to(actor: Actor) -> QuerySet[AffectedSystem]:
    """Where systems are affected, in the incidents that this actor may read."""
    return AffectedSystem.objects.filter(incident__in=visible_to(actor))


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


def dependent_partners(incident: Incident) -> QuerySet[Any]:
    """Partners that depend on an affected system and are not listed on the incident yet.

    Each carries `depends_on`, the names of those systems.
    """
    through = Q(systems__in=incident.systems.values("system"))
    names = ArrayAgg("systems__name", filter=through, distinct=True, order_by="systems__name")
    return (
        Partner.objects.filter(through, is_active=True)
        .exclude(pk__in=incident.involvements.values("partner"))
        .annotate(depends_on=names)
        .order_by("name")
    )


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
