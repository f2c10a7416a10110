"""What staff may see. Every list and detail of the desk starts here; what one may not see is not
there. Also the lock that every use case begins with, which finds only what the actor is let into.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL

from cases import sight
from cases.models import (
    AffectedSystem,
    Alert,
    Assignment,
    Checkpoint,
    Event,
    Evidence,
    Fix,
    Incident,
    Notice,
    Playbook,
    RegulatoryClock,
    Report,
    Task,
)
from cases.models.incident import OVER, IncidentQuerySet
from incidentdesk import logs
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import NotFound
from partners.models import Partner

Row = TypeVar("Row", bound=Model)


def hidden_from(actor: Actor) -> QuerySet[Incident]:
    """The restricted incidents that this actor may not read.

    One small set, found by a partial index; everything that reads leaves it out. An auditor reads
    all of them, and each reading is recorded.
    """
    closed = sight.closed_to(actor)
    return closed.none() if actor.is_auditor else closed


def reads_all(actor: Actor) -> bool:
    """Whether nothing is hidden from this actor."""
    return actor.is_system or actor.is_auditor


def _left(rows: QuerySet[Row], actor: Actor, incident: str) -> QuerySet[Row]:
    """What is left of `rows` for this actor; `incident` is the path to the incident's id."""
    if not access.allows(actor, Permission.INCIDENT_READ):
        return rows.none()
    if reads_all(actor):
        return rows
    return rows.exclude(**{f"{incident}__in": hidden_ids(actor)})


@lru_cache(maxsize=1024)
def hidden_ids(actor: Actor) -> RawSQL:
    """The ids of `hidden_from`, put into SQL once for each person: a page asks a dozen times."""
    return in_sql(hidden_from(actor).values("pk"))


def in_sql(rows: QuerySet[Any, Any]) -> RawSQL:
    """A query as SQL, for what is asked a dozen times a page."""
    sql, values = rows.query.sql_with_params()
    return RawSQL(sql, values)  # noqa: S611 -- our own statement


def rows_of(model: type[Row], actor: Actor) -> QuerySet[Row]:
    """The rows of any model that this actor may read; of what has no incident, all."""
    rows: QuerySet[Any] = model._default_manager.all()
    if issubclass(model, Evidence):
        return rows.filter(pk__in=evidence_visible_to(actor).values("pk"))
    if issubclass(model, Incident):
        return _left(rows, actor, "pk")
    has_incident = any(field.name == "incident" for field in model._meta.fields)
    return _left(rows, actor, "incident_id") if has_incident else rows


def visible_to(actor: Actor) -> IncidentQuerySet:
    """The incidents that this actor may read."""
    left: Any = _left(Incident.objects.all(), actor, "pk")
    found: IncidentQuerySet = left
    return found


def counted_for(actor: Actor) -> IncidentQuerySet:
    """The incidents that figures are made of: what this actor may read, without exercises."""
    return visible_to(actor).filter(is_exercise=False)


def notices_visible_to(actor: Actor) -> QuerySet[Notice]:
    """The notices that this actor may read."""
    return _left(Notice.objects.all(), actor, "incident_id")


def reports_visible_to(actor: Actor) -> QuerySet[Report]:
    """The partner reports that this actor may read: not what belongs to a hidden incident."""
    return _left(Report.objects.all(), actor, "incident_id")


def alerts_visible_to(actor: Actor) -> QuerySet[Alert]:
    """The alerts that this actor may read."""
    return _left(Alert.objects.all(), actor, "incident_id")


def events_visible_to(actor: Actor) -> QuerySet[Event]:
    """The raw deliveries of sources that this actor may read.

    A delivery may speak of several incidents; one that is hidden hides it. What became of no
    incident (refused, or it cleared what was cleared already) may speak of anything that its source
    ever sent, so it is hidden where that source ever fed a hidden incident.
    """
    rows = _left(Event.objects.all(), actor, "incident_id")
    if reads_all(actor):
        return rows
    hidden = hidden_from(actor)
    fed = Alert.objects.filter(source=OuterRef("source"), incident__in=hidden_ids(actor))
    return rows.exclude(concerns__overlap=hidden.values_list("pk")).filter(
        ~Q(concerns=[]) | ~Exists(fed)
    )


def tasks_visible_to(actor: Actor) -> QuerySet[Task]:
    """The tasks that this actor may read."""
    return _left(Task.objects.all(), actor, "incident_id")


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


def checkpoints_visible_to(actor: Actor) -> QuerySet[Checkpoint]:
    """The checkpoints that this actor may read."""
    if not access.allows(actor, Permission.AUDIT_READ):
        return Checkpoint.objects.none()
    return Checkpoint.objects.all()


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


def clocks_visible_to(actor: Actor) -> QuerySet[RegulatoryClock]:
    """Regulators' clocks of the incidents that this actor may read; exercises are out."""
    found = RegulatoryClock.objects.filter(incident__in=visible_to(actor))
    return found.filter(incident__is_exercise=False)


def clocks_due(actor: Actor, before: datetime) -> QuerySet[RegulatoryClock]:
    """Those of them that are due before that and have no outcome."""
    return clocks_visible_to(actor).filter(outcome="", due_at__lt=before)


def offers_to(actor: Actor) -> QuerySet[Assignment]:
    """The roles that wait for this person to accept them, on open incidents, oldest first."""
    waiting = Assignment.objects.filter(user_id=actor.user_id or 0, accepted_at=None, ended_at=None)
    return waiting.filter(incident__in=visible_to(actor).open()).order_by("offered_at", "id")


def locked(incident_id: int, *, by: Actor) -> Incident:
    """The incident, its row locked until the transaction ends, read after the lock was had.

    One that `by` is not let into is refused like one that does not exist: this is the door of
    every use case. Reading as an auditor opens no such door.
    """
    # Not the key: rows that name the incident are still written beside, without a deadlock. Nothing
    # is joined: what a wait for the lock joined would be the commander of before the wait.
    locking = Incident.objects.select_for_update(of=("self",), no_key=True)
    incident = locking.filter(pk=incident_id).first()
    if incident is None or sight.is_closed(incident, by):
        raise NotFound("There is no such incident; it may be on another desk.")
    logs.know(incident=incident.reference)
    return incident


def lock_alerts(incident: Incident) -> QuerySet[Alert]:
    """The alerts of a locked incident, their rows locked too: after it and in the order of their
    ids, as deliveries do, so that a click and a delivery never wait for each other in a ring."""
    alerts = Alert.objects.filter(incident=incident)
    list(alerts.select_for_update(no_key=True).order_by("pk").values_list("pk"))
    return alerts
