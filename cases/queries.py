"""What staff may see. Every list and detail of the desk starts here; what one may not see is not
there. Also the lock that every use case begins with, which finds only what the actor is let into.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import connection
from django.db.models import Exists, Model, OuterRef, Q, QuerySet

from cases import sight
from cases.models import Alert, Assignment, Entry, Event, Incident, Notice, Report, Task
from cases.models.incident import IncidentQuerySet
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import NotFound
from incidentdesk.kernel.models import User
from incidentdesk.kernel.roles import ROLES

Row = TypeVar("Row", bound=Model)


def hidden_from(actor: Actor) -> QuerySet[Incident]:
    """The restricted incidents that this actor may not read.

    One small set, found by a partial index; everything that reads leaves it out. An auditor reads
    all of them, and each reading is recorded.
    """
    closed = sight.closed_to(actor)
    return closed.none() if actor.is_auditor else closed


def _reads_all(actor: Actor) -> bool:
    return actor.is_system or actor.is_auditor


def _left(rows: QuerySet[Row], actor: Actor, incident: str) -> QuerySet[Row]:
    """What is left of `rows` for this actor; `incident` is the path to the incident's id."""
    if not access.allows(actor, Permission.INCIDENT_READ):
        return rows.none()
    if _reads_all(actor):
        return rows
    return rows.exclude(**{f"{incident}__in": hidden_from(actor).values("pk")})


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
    if _reads_all(actor):
        return rows
    hidden = hidden_from(actor)
    fed = Alert.objects.filter(source=OuterRef("source"), incident__in=hidden.values("pk"))
    return rows.exclude(concerns__overlap=hidden.values_list("pk")).filter(
        ~Q(concerns=[]) | ~Exists(fed)
    )


def tasks_visible_to(actor: Actor) -> QuerySet[Task]:
    """The tasks that this actor may read."""
    return _left(Task.objects.all(), actor, "incident_id")


def offers_to(actor: Actor) -> QuerySet[Assignment]:
    """The roles that wait for this person to accept them, on open incidents, oldest first."""
    waiting = Assignment.objects.filter(user_id=actor.user_id or 0, accepted_at=None, ended_at=None)
    return waiting.filter(incident__in=visible_to(actor).open()).order_by("offered_at", "id")


def sealed_from(actor: Actor) -> Q:
    """What the post office names by an `about` string, and this actor may not read.

    It asks by settings.SEALED, since it knows no incident. What it names otherwise than is known
    here is sealed as well, until somebody says here whom it belongs to.
    """
    if _reads_all(actor):
        return Q(pk__in=())
    hidden = hidden_from(actor)
    reports = Report.objects.filter(incident__in=hidden.values("pk"))
    known = Q(about="") | Q(about__startswith="incident:") | Q(about__startswith="report:")
    return (
        ~known
        | Q(about__in=hidden.values_list(sight.named("incident")))
        | Q(about__in=reports.order_by().values_list(sight.named("report")))
    )


# What was merged into an incident, and into that; an incident with nothing merged is itself alone.
_FAMILY = """
    WITH RECURSIVE family AS (
        SELECT %s::bigint AS id
        UNION SELECT i.id FROM cases_incident AS i JOIN family AS f ON i.duplicate_of_id = f.id
    ) SELECT id FROM family
"""


def family(incident_id: int) -> list[int]:
    """The ids of an incident and of what was merged into it, and into that."""
    with connection.cursor() as cursor:
        cursor.execute(_FAMILY, [incident_id])
        return [pk for (pk,) in cursor.fetchall()]


def entries_of(incident: Incident, actor: Actor) -> QuerySet[Entry]:
    """The timeline as it is read: with the entries of what was merged into it, newest first.

    Each chain stays where it is. Keyset: `(at, id)`; see `older_than`.
    """
    together = family(incident.pk)
    rows = Entry.objects.filter(incident_id__in=together)
    if together != [incident.pk]:
        rows = rows.filter(incident__in=visible_to(actor).values("pk"))
    return rows.select_related("partner", "incident").order_by("-at", "-id")


def older_than(entries: QuerySet[Entry], entry_id: int) -> QuerySet[Entry]:
    """The entries that stand behind this one; none if it is not among them."""
    mark = entries.order_by().filter(pk=entry_id)
    return entries.filter(
        Q(at__lt=mark.values("at")[:1]) | Q(at=mark.values("at")[:1], pk__lt=entry_id)
    )


_NAME = re.compile(r"INC-\d{4}-\d{4,}")
UNNAMED = "a restricted incident"


def without_hidden_names(entries: Sequence[Entry], actor: Actor) -> Sequence[Entry]:
    """The entries as this actor reads them: a hidden incident that one mentions has no name.

    For reading only; what is stored, and hashed, stays as it was written.
    """
    named = {name for entry in entries for name in _NAME.findall(entry.body)}
    hidden = set(hidden_from(actor).filter(reference__in=named).values_list("reference", flat=True))
    for entry in entries if hidden else ():
        entry.body = _NAME.sub(lambda m: UNNAMED if m[0] in hidden else m[0], entry.body)
    return entries


@dataclass(frozen=True)
class Seer:
    """One person who can see an incident, and every reason for it."""

    person: User
    reasons: list[str]


def seen_by(incident: Incident) -> list[Seer]:
    """Every active person who can see this incident, by name: from the grounds that decide."""
    let_in = sight.let_in(incident) if incident.is_restricted else {}
    found = []
    for person in User.objects.filter(is_active=True).exclude(roles=[]).order_by("name", "pk"):
        actor = access.actor_for(person)
        if not access.allows(actor, Permission.INCIDENT_READ):
            continue
        roles = ", ".join(ROLES[key].label for key in person.roles if key in ROLES)
        reasons = let_in.get(person.pk, []) if incident.is_restricted else [f"role {roles}"]
        if actor.is_auditor:
            reasons = [*reasons, "auditor; every reading is recorded"]
        if reasons:
            found.append(Seer(person, reasons))
    return found


def locked(incident_id: int, *, by: Actor) -> Incident:
    """The incident, its row locked until the transaction ends, read after the lock was had.

    One that `by` is not let into is refused like one that does not exist: this is the door of
    every use case. Reading as an auditor opens no such door.
    """
    # Not the key: rows that name the incident are still written beside, without a deadlock. Nothing
    # is joined: what a wait for the lock joined would be the commander of before the wait.
    locking = Incident.objects.select_for_update(of=("self",), no_key=True)
    incident = locking.filter(pk=incident_id).first()
    if incident is None or (
        incident.is_restricted and sight.closed_to(by).filter(pk=incident_id).exists()
    ):
        raise NotFound("There is no such incident; it may be on another desk.")
    return incident
