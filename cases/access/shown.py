"""Who may read which access events: whoever reads the audit trail, all; others, those on which an
incident rests that they may read."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, QuerySet

from cases import queries
from cases.models import AccessEvent, AccessFinding, Incident
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor, Permission


def visible_to(actor: Actor) -> QuerySet[AccessEvent]:
    """The access events that this actor may read."""
    rows = AccessEvent.objects.all()
    if access.allows(actor, Permission.AUDIT_READ):
        return rows
    if not access.allows(actor, Permission.INCIDENT_READ):
        return rows.none()
    seen = queries.alerts_visible_to(actor).values("pk")
    return rows.filter(Exists(AccessFinding.objects.filter(event=OuterRef("pk"), alert__in=seen)))


def of_incident(incident: Incident) -> QuerySet[AccessFinding]:
    """What rules found and attached to an incident, newest first."""
    found = AccessFinding.objects.filter(alert__incident=incident)
    return found.select_related("event__source", "rule")
