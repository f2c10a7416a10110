"""The end of a shift: whoever leads incidents, or looks at them, hands them over to the next one.

Nothing happens by itself. Until the next one accepts, everything stays with the person whose shift
ended; who does not answer is paged (`offers`). Who accepts acknowledges the incident by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from cases import crew, moving, queries
from cases.models import Assignment, Incident
from cases.models.incident import IncidentQuerySet
from cases.silence import WATCHED
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, InvalidInput
from incidentdesk.kernel.models import User
from notifications.rotas import oncall

Role = Assignment.Role


@dataclass(frozen=True)
class Shift:
    """A shift that ends about now: how many incidents wait to be handed over, and to whom."""

    count: int
    ends_at: datetime
    is_over: bool
    next: User | None


@transaction.atomic
def hand_over(*, incident_id: int, user_id: int, note: str, by: Actor, at: datetime) -> Assignment:
    """Hand an incident to the next one: its command, or the looking at it where nobody commands.

    Needs a note at SEV-1 and SEV-2. Conflict if it is in somebody else's hands by now.
    """
    incident = queries.locked(incident_id, by=by)
    access.require(by, Permission.INCIDENT_ACKNOWLEDGE)
    moving.require_open(incident)
    _require_held(incident, by)
    note = note.strip() or _plain_note(incident)
    if incident.commander_id is not None:
        return crew.hand_over(
            incident_id=incident_id,
            role=Role.COMMANDER,
            user_id=user_id,
            note=note,
            takes_over=True,
            by=by,
            at=at,
        )
    person = crew.person_for(Role.RESPONDER, user_id)
    if person.pk == by.user_id:
        raise Conflict(f"{incident.reference} is in your hands already; choose somebody else.")
    # Who works on it already is asked all the same: nobody takes over without saying so. Who
    # declines goes on as before (`roster.go_on_before`).
    incident.assignments.filter(role=Role.RESPONDER, user=person, ended_at=None).update(ended_at=at)
    return crew.ask(incident, Role.RESPONDER, person, note, takes_over=True, by=by, at=at)


def in_hands(actor: Actor) -> Q:
    """The condition on an incident that holds for what this person leads, or has acknowledged while
    nobody leads it, before its review; not for what the next one has been asked to take over."""
    asked = _asked().filter(incident=OuterRef("pk"))
    person = actor.user_id or 0
    looks = Q(commander=None, acknowledged_by=person, acknowledged_at__isnull=False)
    mine = Q(commander=person) | looks
    return mine & Q(~Exists(asked), phase__in=WATCHED)


def held_by(actor: Actor) -> IncidentQuerySet:
    """What is in this person's hands, the worst first."""
    rows = queries.visible_to(actor).filter(in_hands(actor))
    return rows.order_by("severity", "opened_at", "pk")


def shift_of(actor: Actor, count: int, *, at: datetime) -> Shift | None:
    """The shift of this person that ends about now, where so many incidents are in their hands; no
    query where none is."""
    ending = oncall.ending(actor.person_id, at=at) if count else []
    if not ending:
        return None
    nearest = min(ending, key=lambda one: (one.next is None, abs(one.ends_at - at)))
    return Shift(count, nearest.ends_at, nearest.ends_at <= at, nearest.next)


def role_of(incident: Incident) -> Role:
    """What the next one is asked to be."""
    return Role.RESPONDER if incident.commander_id is None else Role.COMMANDER


def needs_note(incident: Incident) -> bool:
    """Whether the next one has to be told in words."""
    return incident.severity in crew.GRAVE


def _asked() -> QuerySet[Assignment]:
    """Offers at the end of a shift that nobody has answered yet."""
    return Assignment.objects.filter(takes_over=True, accepted_at=None, ended_at=None)


def _require_held(incident: Incident, by: Actor) -> None:
    if offer := _asked().filter(incident=incident).select_related("user").first():
        raise Conflict(f"{offer.user} is asked to take over {incident.reference} already.")
    if incident.commander_id == by.user_id:
        return
    if incident.commander is not None:
        raise Conflict(f"{incident.commander} commands {incident.reference} by now.")
    if incident.acknowledged_at is None or incident.acknowledged_by_id != by.user_id:
        raise Conflict(f"{incident.reference} is not in your hands; whoever has it hands it over.")


def _plain_note(incident: Incident) -> str:
    if needs_note(incident):
        raise InvalidInput(
            f"{incident.reference} is SEV-{incident.severity}: say what the next one has to know."
        )
    return "Nothing to add."
