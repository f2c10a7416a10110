"""Who does what on an incident: one commander, one for communications, one scribe, responders.

Nobody is put into a role by somebody else: it is offered, and held from the moment it is accepted.
Until then whoever holds it keeps it.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from cases import leading, moving, offers, queries, roster, timeline, workflow
from cases.models import Assignment, Entry, Incident
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotFound
from incidentdesk.kernel.models import User
from notifications import outbox

Role = Assignment.Role
BY_ONESELF = (Role.RESPONDER, Role.SCRIBE)
NEEDS: dict[str, Permission] = {
    Role.COMMANDER: Permission.INCIDENT_COMMAND,
    Role.COMMUNICATIONS: Permission.NOTICE_DRAFT,
    Role.SCRIBE: Permission.INCIDENT_RESPOND,
    Role.RESPONDER: Permission.INCIDENT_RESPOND,
}
GRAVE = (1, 2)  # severities at which an offer is a page


@transaction.atomic
def assign(
    *, incident_id: int, role: str, user_id: int, note: str = "", by: Actor, at: datetime
) -> Assignment:
    """Give a free role to somebody: to oneself at once, to another as an offer to accept.

    Anyone who responds joins as responder or scribe; everything else is for who may command.
    """
    incident = queries.locked(incident_id, by=by)
    access.require(by, Permission.INCIDENT_RESPOND)
    moving.require_open(incident)
    person = person_for(role, user_id)
    is_own = person.pk == by.user_id
    if is_own and role == Role.COMMANDER:
        raise InvalidInput("One is not asked to command by oneself; take the command.")
    if not (is_own and role in BY_ONESELF):
        access.require(by, Permission.INCIDENT_COMMAND)
    _require_free(incident, role)
    if is_own:
        made = _offer(incident, role, person, note, by=by, at=at)
        roster.begin(made, at=at)
        text = f"{by.name} joined as {made.get_role_display()}."
        timeline.record(incident, Entry.Kind.UPDATE, text, by=by, at=at)
        return made
    return ask(incident, role, person, note, by=by, at=at)


@transaction.atomic
def hand_over(
    *,
    incident_id: int,
    role: str,
    user_id: int,
    note: str,
    takes_over: bool = False,
    by: Actor,
    at: datetime,
) -> Assignment:
    """Offer a role that is held to the next one, with what that person has to know.

    By who holds it, or by who may command. It passes when the other accepts, and not before; with
    `takes_over` that one acknowledges the incident by it.
    """
    incident = queries.locked(incident_id, by=by)
    access.require(by, Permission.INCIDENT_ACKNOWLEDGE)
    moving.require_open(incident)
    person = person_for(role, user_id)
    held = roster.held(incident, role)
    if role not in roster.ALONE or held is None:
        raise InvalidInput(f"Nobody is {Role(role).label} of {incident.reference}; assign one.")
    if held.user_id != by.user_id:
        access.require(by, Permission.INCIDENT_COMMAND)
    if not note.strip():
        raise InvalidInput("A hand-over needs a note: what the next one has to know.")
    if held.user_id == person.pk:
        raise Conflict(f"{person} is {held.get_role_display()} already.")
    return ask(incident, role, person, note, takes_over=takes_over, by=by, at=at)


@transaction.atomic
def ask_to_command(
    *, incident_id: int, user_id: int, note: str, by: Actor, at: datetime
) -> Assignment:
    """Offer the command to somebody, whether or not anybody has it now."""
    incident = queries.locked(incident_id, by=by)
    access.require(by, Permission.INCIDENT_COMMAND)
    call = assign if roster.held(incident, Role.COMMANDER) is None else hand_over
    role = Role.COMMANDER
    return call(incident_id=incident_id, role=role, user_id=user_id, note=note, by=by, at=at)


@transaction.atomic
def accept(*, assignment_id: int, by: Actor, at: datetime) -> Assignment:
    """Take on what was offered; whoever held the role until now is free of it."""
    offer = _locked(assignment_id, by=by)
    access.require(by, Permission.INCIDENT_ACKNOWLEDGE)
    _require_own_offer(offer, by=by)
    access.require(by, NEEDS[offer.role])
    incident = offer.incident
    moving.require_open(incident)
    former = roster.held(incident, offer.role)
    roster.begin(offer, at=at)
    after = f", after {former.user}" if former and former.pk != offer.pk else ""
    text = f"{by.name} accepted to be {offer.get_role_display()}{after}."
    timeline.record(incident, Entry.Kind.UPDATE, text, by=by, at=at)
    if offer.role == Role.COMMANDER:
        leading.lead(incident, by=by, at=at)
        workflow.meet_evaluation(incident, at=at)
    is_theirs = incident.acknowledged_at is not None and incident.acknowledged_by_id == by.user_id
    if offer.takes_over and not is_theirs:  # it may have been paged again meanwhile
        leading.acknowledge(incident, by=by, at=at)
        incident.save(update_fields=leading.ACKNOWLEDGED)
    return offer


@transaction.atomic
def decline(*, assignment_id: int, reason: str, by: Actor, at: datetime) -> Assignment:
    """Say no to an offer, with a reason; who asked is told."""
    offer = _locked(assignment_id, by=by)
    access.require(by, Permission.INCIDENT_ACKNOWLEDGE)
    _require_own_offer(offer, by=by)
    moving.require_reason(reason, "Declining")
    offer.ended_at = at
    offer.save(update_fields=["ended_at"])
    roster.go_on_before(offer)
    text = f"{by.name} declined to be {offer.get_role_display()}. Reason: {reason.strip()}"
    timeline.record(offer.incident, Entry.Kind.UPDATE, text, by=by, at=at)
    if offer.offered_by and offer.offered_by.is_active:
        _tell(offer, offer.offered_by, f"{by.name} declined", reason, at=at)
    return offer


@transaction.atomic
def leave(*, assignment_id: int, by: Actor, at: datetime) -> Assignment:
    """Lay down a role, or take back an offer. The command is handed over, never laid down."""
    held = _locked(assignment_id, by=by)
    access.require(by, Permission.INCIDENT_ACKNOWLEDGE)
    if held.ended_at is not None:
        raise Conflict("This has ended already; look at the page again.")
    if held.role == Role.COMMANDER and held.accepted_at is not None:
        raise InvalidInput("An incident is never without its commander; hand the command over.")
    if held.user_id != by.user_id:
        access.require(by, Permission.INCIDENT_COMMAND)
    held.ended_at = at
    held.save(update_fields=["ended_at"])
    verb = "is no longer" if held.accepted_at else "is no longer asked to be"
    text = f"{held.user} {verb} {held.get_role_display()}."
    timeline.record(held.incident, Entry.Kind.UPDATE, text, by=by, at=at)
    return held


# --- steps of the use cases above -----------------------------------------------------------------


def candidates(role: str) -> list[User]:
    """The active people who have the right that a role on an incident needs, by name."""
    people = User.objects.filter(is_active=True).exclude(roles=[]).order_by("name", "pk")
    return [p for p in people if access.allows(access.actor_for(p), NEEDS[role])]


def everybody() -> list[User]:
    """The active people who could have some role on an incident, by name."""
    people = User.objects.filter(is_active=True).exclude(roles=[]).order_by("name", "pk")
    actors = [(person, access.actor_for(person)) for person in people]
    return [p for p, actor in actors if any(access.allows(actor, n) for n in NEEDS.values())]


def person_for(role: str, user_id: int) -> User:
    """The person, if the desk lets that person do what the role needs."""
    if role not in NEEDS:
        raise InvalidInput("The roles are commander, communications, scribe, responder.")
    person = User.objects.filter(pk=user_id, is_active=True).first()
    if person is None or not person.roles:
        raise InvalidInput("Choose somebody who works at the desk.")
    if not access.allows(access.actor_for(person), NEEDS[role]):
        raise InvalidInput(
            f"{person} may not {NEEDS[role].value}; choose somebody else as {Role(role).label}."
        )
    return person


def _require_free(incident: Incident, role: str) -> None:
    held = roster.held(incident, role)
    if role in roster.ALONE and held is not None:
        raise Conflict(
            f"{held.user} is {held.get_role_display()} since {held.accepted_at:%-d %b %H:%M}; "
            "have the role handed over."
        )


def _require_own_offer(offer: Assignment, *, by: Actor) -> None:
    if offer.ended_at is not None:
        raise Conflict("This offer is over; somebody else has the role, or it was taken back.")
    if offer.accepted_at is not None:
        raise Conflict(f"{offer.user} accepted this already.")
    if offer.user_id != by.user_id:
        raise Conflict(f"This is offered to {offer.user}; nobody else can answer.")


def _offer(
    incident: Incident, role: str, person: User, note: str, *, by: Actor, at: datetime
) -> Assignment:
    already = incident.assignments.filter(role=role, user=person, ended_at=None).first()
    if already is not None:
        state = "is" if already.accepted_at else "is asked to be"
        raise Conflict(f"{person} {state} {already.get_role_display()} already.")
    return Assignment.objects.create(
        incident=incident,
        role=role,
        user=person,
        note=note.strip(),
        offered_at=at,
        offered_by_id=by.user_id,
    )


def ask(
    incident: Incident,
    role: str,
    person: User,
    note: str,
    *,
    takes_over: bool = False,
    by: Actor,
    at: datetime,
) -> Assignment:
    """Offer it, on the timeline and by mail; a page if it is grave and pages go out at all.

    `offers` pages about one that nobody answers.
    """
    made = _offer(incident, role, person, note, by=by, at=at)
    made.takes_over, made.remind_at = takes_over, offers.answer_by(incident, at)
    made.save(update_fields=["takes_over", "remind_at"])
    words, label = f" {made.note}" if made.note else "", made.get_role_display()
    asked = f"{by.name} asked {person} to"
    text = f"{asked} take over as {label}.{words}" if takes_over else f"{asked} be {label}.{words}"
    timeline.record(incident, Entry.Kind.UPDATE, text, by=by, at=at)
    _tell(made, person, f"{by.name} {made.asks}", made.note, at=at)
    return made


def _tell(offer: Assignment, person: User, what: str, note: str, *, at: datetime) -> None:
    """A mail about an offer or its answer; of a restricted incident it names nothing."""
    incident = offer.incident
    facts = moving.escalation_facts(incident)
    is_asked = person.pk == offer.user_id
    outbox.queue(
        kind="assignment",
        to=person,
        about=incident.about,
        dedupe_key=f"assignment:{offer.pk}:{person.pk}",
        context={
            "what": what,
            "note": "" if incident.is_restricted else note,
            "is_asked": is_asked,
            "severity": incident.severity,
            "reference": facts["reference"],
            "title": facts["title"],
            "url": facts["url"],
            "person": person.name,
        },
        at=at,
        is_page=is_asked and incident.severity in GRAVE and moving.pages_people(incident),
    )


def _locked(assignment_id: int, *, by: Actor) -> Assignment:
    """The assignment with its incident, the incident locked first (parent before child)."""
    gone = NotFound("There is no such offer or role any more; look at the page again.")
    rows = Assignment.objects.filter(pk=assignment_id)
    incident_id = rows.values_list("incident_id", flat=True).first()
    if incident_id is None:
        raise gone
    incident = queries.locked(incident_id, by=by)
    found = rows.select_related("user", "offered_by").select_for_update(of=("self",)).get()
    found.incident = incident
    return found
