"""Restricting an incident to named people, admitting and excluding them, and lifting it again.

Who is let in is decided by `sight`; this takes the decisions and writes them down. What was merged
into a restricted incident is restricted with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from cases import dispatch, moving, queries, reading, sight, timeline
from cases.models import Entry, Incident
from incidentdesk.kernel import access, grants
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, InvalidInput
from incidentdesk.kernel.models import User


@transaction.atomic
def restrict(
    *, incident_id: int, user_ids: Sequence[int], reason: str, by: Actor, at: datetime
) -> Incident:
    """From now on only these people open it, whoever has a role on it, and who restricts it.

    If nobody has acknowledged it yet, its path begins anew with pages that say nothing of it.
    """
    incident, family = _locked_family(incident_id, by=by)
    access.require(by, Permission.INCIDENT_COMMAND)
    if incident.is_restricted:
        raise Conflict(f"{incident.reference} is restricted already; admit people one by one.")
    moving.require_reason(reason, "Restricting")
    people = [_reader(user_id) for user_id in sorted({*user_ids, by.person_id})]
    names = ", ".join(person.name for person in people)
    for row in family:
        row.is_restricted = True
        row.save(update_fields=["is_restricted"])
        for person in people:
            sight.admit(row, person.pk, by=by, at=at)
        text = f"Restricted to {names} and whoever has a role on it. Reason: {reason.strip()}"
        timeline.record(row, Entry.Kind.UPDATE, text, by=by, at=at)
    if incident.is_open and incident.acknowledged_at is None:
        moving.escalate_again(incident, at=at)
    return incident


@transaction.atomic
def admit(*, incident_id: int, user_id: int, by: Actor, at: datetime) -> Incident:
    """Let one more person into a restricted incident, by name."""
    incident, family = _locked_family(incident_id, by=by)
    access.require(by, Permission.INCIDENT_COMMAND)
    _require_restricted(incident)
    person = _reader(user_id)
    if grants.on(incident, sight.OPEN).filter(user=person).exists():
        raise Conflict(f"{person} is admitted to {incident.reference} already.")
    for row in family:
        sight.admit(row, person.pk, by=by, at=at)
        timeline.record(row, Entry.Kind.UPDATE, f"{person} was admitted.", by=by, at=at)
        dispatch.page_admitted(row, person, by=by, at=at)
    return incident


@transaction.atomic
def exclude(*, incident_id: int, user_id: int, by: Actor, at: datetime) -> Incident:
    """Take a person's name off the list. Who has a role stays in until the role ends."""
    incident, family = _locked_family(incident_id, by=by)
    access.require(by, Permission.INCIDENT_COMMAND)
    _require_restricted(incident)
    person = User.objects.filter(pk=user_id).first()
    if person is None or not grants.on(incident, sight.OPEN).filter(user=person).exists():
        raise Conflict("This person is not admitted by name; look at who can see it.")
    if person.pk == incident.commander_id:
        raise InvalidInput(f"{person} commands it and stays in; hand the command over first.")
    for row in family:
        sight.shut_out(row, person.pk)
        timeline.record(row, Entry.Kind.UPDATE, f"{person} was excluded.", by=by, at=at)
    return incident


@transaction.atomic
def lift(*, incident_id: int, reason: str, by: Actor, at: datetime) -> Incident:
    """Everybody who reads incidents reads it again; the names on the list are forgotten."""
    incident, family = _locked_family(incident_id, by=by)
    access.require(by, Permission.INCIDENT_COMMAND)
    _require_restricted(incident)
    moving.require_reason(reason, "Lifting the restriction")
    for row in family:
        row.is_restricted = False
        row.save(update_fields=["is_restricted"])
        grants.on(row, sight.OPEN).delete()
        text = f"No longer restricted. Reason: {reason.strip()}"
        timeline.record(row, Entry.Kind.UPDATE, text, by=by, at=at)
    return incident


def readers() -> list[User]:
    """The active people of the desk who read incidents at all, by name."""
    people = User.objects.filter(is_active=True).exclude(roles=[]).order_by("name", "pk")
    return [p for p in people if access.allows(access.actor_for(p), Permission.INCIDENT_READ)]


def _reader(user_id: int) -> User:
    person = User.objects.filter(pk=user_id, is_active=True).first()
    if person is None or not access.allows(access.actor_for(person), Permission.INCIDENT_READ):
        raise InvalidInput("Choose people who work at the desk and read incidents.")
    return person


def _require_restricted(incident: Incident) -> None:
    if not incident.is_restricted:
        raise Conflict(f"{incident.reference} is open to everybody who reads incidents.")


def _locked_family(incident_id: int, *, by: Actor) -> tuple[Incident, list[Incident]]:
    """The incident, and itself with what was merged into it, locked in the order of their ids."""
    ids = sorted({incident_id, *reading.family(incident_id)})
    rows = {pk: queries.locked(pk, by=by if pk == incident_id else access.SYSTEM) for pk in ids}
    return rows[incident_id], list(rows.values())
