"""What staff may see. Every list and detail of the desk starts here; what one may not see is not
there. Also the lock that every use case begins with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Exists, Max, OuterRef, Prefetch, Q, QuerySet

from cases.models import (
    AffectedSystem,
    Alert,
    Assignment,
    Event,
    Evidence,
    Fix,
    Incident,
    Involvement,
    Notice,
    NoticeCopy,
    Phase,
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


def evidence_visible_to(actor: Actor) -> QuerySet[Evidence]:
    """The evidence that this actor may read. TLP:RED is for those on the incident, and auditors."""
    seen = Evidence.objects.filter(incident__in=visible_to(actor))
    if actor.is_system or actor.is_auditor:
        return seen
    assigned = Assignment.objects.filter(
        incident=OuterRef("incident"),
        user=actor.user_id,
        accepted_at__isnull=False,
        ended_at=None,
    )
    return seen.filter(
        ~Q(tlp=Incident.Tlp.RED)
        | Q(added_by=actor.user_id)
        | Q(incident__commander=actor.user_id)
        | Exists(assigned)
    )


def fixes_visible_to(actor: Actor) -> QuerySet[Fix]:
    """The fixes of the incidents that this actor may read."""
    return Fix.objects.filter(incident__in=visible_to(actor))


def open_fixes(actor: Actor) -> QuerySet[Fix]:
    """Temporary fixes that somebody still has to end, whatever became of their incident."""
    return fixes_visible_to(actor).filter(kind=Fix.Kind.TEMPORARY, state=Fix.State.APPROVED)


def overdue_fixes(actor: Actor, at: datetime) -> QuerySet[Fix]:
    """Those of them whose last day is over."""
    return open_fixes(actor).filter(expires_on__lt=at.date())


SILENCE = timedelta(hours=24)
ASKED = 2  # so many notices, and then silence, count as a yes


@dataclass(frozen=True)
class Unconfirmed:
    """Partners of whom it is not known that the service works again for them."""

    names: tuple[str, ...]

    @property
    def count(self) -> int:
        """How many they are."""
        return len(self.names)


def partners_unconfirmed(incident: Incident, at: datetime) -> Unconfirmed:
    """The partners that neither confirmed nor were silent for 24 hours after two notices.

    Silence begins no earlier than Recovery, and ends with a report of the partner's on this
    incident. Four queries, whatever their number.
    """
    began = recovery_began(incident)
    sent = NoticeCopy.objects.filter(sent_at__isnull=False).order_by("sent_at", "id")
    spoke = dict(incident.reports.values_list("partner_id").annotate(last=Max("reported_at")))
    rows = incident.involvements.select_related("partner").prefetch_related(
        Prefetch("copies", queryset=sent.only("involvement_id", "sent_at"))
    )
    return Unconfirmed(
        tuple(
            sorted(
                row.partner.name
                for row in rows
                if not has_confirmed(row, began)
                and not _is_silent(row, began, spoke.get(row.partner_id), at)
            )
        )
    )


def recovery_began(incident: Incident) -> datetime | None:
    """When it last came into Recovery; what was confirmed before that did not last."""
    came = incident.moves.filter(to_phase=Phase.RECOVERY).order_by("-id")
    return came.values_list("at", flat=True).first()


def has_confirmed(involvement: Involvement, began: datetime | None) -> bool:
    """Whether the partner said so of this recovery, and not of one that did not last."""
    confirmed = involvement.recovery_confirmed_at
    return confirmed is not None and began is not None and confirmed >= began


def _is_silent(
    involvement: Involvement, began: datetime | None, spoke: datetime | None, at: datetime
) -> bool:
    sent = [copy.sent_at for copy in involvement.copies.all() if copy.sent_at is not None]
    if began is None or len(sent) < ASKED:
        return False
    since = max(sent[ASKED - 1], began)
    return at - since >= SILENCE and not (spoke is not None and spoke >= since)


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
