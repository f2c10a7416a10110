"""Who may open a restricted incident, and why.

Each ground is one relation between people and incidents, read in both directions: which incidents
it opens to a person (what decides) and which people it lets into an incident (what is shown). What
follows from data is never copied into a grant; a grant is a decision that somebody took.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import CharField, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat

from cases.models import Assignment, Incident
from incidentdesk.kernel import access, grants
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.models import User
from incidentdesk.kernel.roles import ROLES
from notifications import queries as post

OPEN = "open_restricted"


def named(kind: str) -> Concat:
    """The name under which the post office and the audit trail know a row: `incident:12`."""
    return Concat(Value(f"{kind}:"), Cast("pk", CharField()))


@dataclass(frozen=True)
class Ground:
    """One reason to be let in. `incidents` narrows to what it opens to a person."""

    incidents: Callable[[int], Q]
    people: Callable[[Incident], Iterable[tuple[int, str]]]


def _commander(incident: Incident) -> Iterable[tuple[int, str]]:
    return [(incident.commander_id, "commands it")] if incident.commander_id else []


def _assignments() -> QuerySet[Assignment]:
    """Roles that are held or offered; an offer has to be read before it is accepted."""
    return Assignment.objects.filter(ended_at=None)


def _assigned(incident: Incident) -> Iterable[tuple[int, str]]:
    for row in _assignments().filter(incident=incident).order_by("id"):
        if row.user_id != incident.commander_id or row.role != Assignment.Role.COMMANDER:
            verb = "assigned as" if row.accepted_at else "asked to be"
            yield row.user_id, f"{verb} {row.get_role_display()}"


def _admitted(incident: Incident) -> Iterable[tuple[int, str]]:
    for row in grants.on(incident, OPEN).select_related("granted_by"):
        when = f" on {row.granted_at:%-d %b %Y at %H:%M}" if row.granted_at else ""
        by = f" by {row.granted_by}" if row.granted_by else ""
        yield row.user_id, f"admitted{by}{when}"


def _paged(incident: Incident) -> Iterable[tuple[int, str]]:
    for user_id in post.people_paged(incident.about):
        yield user_id, "is being paged for it"


# In the order in which the reasons are read. Whoever is paged may open it for as long as nobody
# has taken it: a page that leads to a closed door helps nobody. Who acknowledges is admitted then;
# for the others the door closes again.
GROUNDS = (
    Ground(lambda user_id: Q(commander_id=user_id), _commander),
    Ground(
        lambda user_id: Q(pk__in=_assignments().filter(user_id=user_id).values("incident_id")),
        _assigned,
    ),
    Ground(lambda user_id: Q(pk__in=grants.held(user_id, OPEN, Incident)), _admitted),
    Ground(lambda user_id: Q(known_as__in=post.pages_about(user_id)), _paged),
)


def closed_to(actor: Actor) -> QuerySet[Incident]:
    """The restricted incidents that this actor is not let into by any ground; few, and indexed."""
    restricted = Incident.objects.filter(is_restricted=True).order_by()
    if actor.is_system:
        return restricted.none()
    if actor.user_id is None or actor.partner_id is not None:
        return restricted
    let_in = Q()
    for ground in GROUNDS:
        let_in |= ground.incidents(actor.user_id)
    return restricted.alias(known_as=named("incident")).exclude(let_in)


def is_closed(incident: Incident, actor: Actor) -> bool:
    """Whether the incident is restricted and no ground lets this actor in."""
    return incident.is_restricted and closed_to(actor).filter(pk=incident.pk).exists()


def let_in(incident: Incident) -> dict[int, list[str]]:
    """Person → the reasons for which a restricted incident is open to that person."""
    found: dict[int, list[str]] = {}
    for ground in GROUNDS:
        for user_id, words in ground.people(incident):
            found.setdefault(user_id, []).append(words)
    return found


def admit(incident: Incident, user_id: int, *, by: Actor, at: datetime) -> None:
    """Let a person in by name; twice is once, and the first decision stays."""
    if not grants.on(incident, OPEN).filter(user_id=user_id).exists():
        decision: dict[str, Any] = {"granted_at": at, "granted_by_id": by.user_id}
        grants.grant(User.objects.get(pk=user_id), OPEN, incident, **decision)


def shut_out(incident: Incident, user_id: int) -> None:
    """Take a person's name off the list; who has a role keeps the role."""
    grants.revoke(User.objects.get(pk=user_id), OPEN, incident)


@dataclass(frozen=True)
class Seer:
    """One person who can see an incident, and every reason for it."""

    person: User
    reasons: list[str]


def seen_by(incident: Incident) -> list[Seer]:
    """Every active person who can see this incident, by name: from the grounds that decide."""
    grounds = let_in(incident) if incident.is_restricted else {}
    found = []
    for person in User.objects.filter(is_active=True).exclude(roles=[]).order_by("name", "pk"):
        actor = access.actor_for(person)
        if not access.allows(actor, Permission.INCIDENT_READ):
            continue
        roles = ", ".join(ROLES[key].label for key in person.roles if key in ROLES)
        reasons = grounds.get(person.pk, []) if incident.is_restricted else [f"role {roles}"]
        if actor.is_auditor:
            reasons = [*reasons, "auditor; every reading is recorded"]
        if reasons:
            found.append(Seer(person, reasons))
    return found
