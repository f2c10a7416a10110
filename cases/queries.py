"""What staff may see. Every list and detail of the desk starts here; what one may not see is not
there. Also the lock that every use case begins with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, Max, OuterRef, Prefetch, Q, QuerySet

from cases.models import (
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
    Report,
    Task,
)
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
