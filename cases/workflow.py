"""The moves of an incident, in the order in which they happen. Read this first.

Each is one use case: lock the row, check the permission, check the gates, move, save, write the
timeline, and queue what must be told, all in one transaction. `by` and `at` are arguments.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from cases import (
    deadlines,
    deciding,
    leading,
    merging,
    moments,
    moving,
    paths,
    playbooks,
    queries,
    roster,
    rules,
    timeline,
)
from cases.models import Assignment, Entry, Incident, Phase, ReviewFacts
from cases.regulation import duty, undecided
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, InvalidInput
from incidentdesk.kernel.prepared import Inserted

_INCIDENTS = Inserted(Incident)


@dataclass(frozen=True)
class Opening:
    """What is known when an incident opens. Axes that are not known stay None."""

    title: str
    detection: str
    detected_by: str
    detected_at: datetime
    description: str = ""
    category_id: int | None = None
    category_key: str = ""
    impact: int | None = None
    scope: int | None = None
    urgency: int | None = None
    occurred_at: datetime | None = None
    aware_at: datetime | None = None
    is_exercise: bool = False
    exercise_pages: bool = False
    exercise_tells: bool = False
    is_restricted: bool = False
    split_from_id: int | None = None
    hit: paths.Hit = paths.NOTHING  # what is listed next; an escalation path may ask for it


@transaction.atomic
def open_incident(*, opening: Opening, by: Actor, at: datetime) -> Incident:
    """Open an incident in Identification; its clocks start and its escalation begins at once."""
    access.require(by, Permission.INCIDENT_DECLARE)
    if not opening.title.strip():
        raise InvalidInput("An incident needs a title; say in a few words what is wrong.")
    if (opening.exercise_pages or opening.exercise_tells) and not opening.is_exercise:
        raise InvalidInput("Only an exercise is asked whether it pages people or tells partners.")
    incident = _incident_of(opening, at)
    in_force = rules.in_force()
    result = in_force.severity_of(incident)
    incident.severity = result.severity
    _INCIDENTS.add(incident)
    moments.begin(incident, by=by, at=at)
    if not by.is_system:  # a person chose the category; a source only assumes it until evaluated
        playbooks.lay_out(incident)
    moving.note_move(incident, "", by=by, at=at)
    drill = "This is an exercise. " if incident.is_exercise else ""
    text = f"{drill}Opened by {opening.detected_by}. SEV-{incident.severity}: {result.why}."
    timeline.record(incident, Entry.Kind.OPENED, text, by=by, at=at)
    deadlines.start(incident, in_force.targets(incident.severity))
    moving.escalate(incident, category_key=opening.category_key, hit=opening.hit, at=at)
    return incident


@transaction.atomic
def acknowledge(*, incident_id: int, by: Actor, at: datetime) -> bool:
    """Somebody looks at it: the ladder stops. True for the first; later ones change nothing."""
    incident = queries.locked(incident_id, by=by)
    access.require(by, Permission.INCIDENT_ACKNOWLEDGE)
    moving.require_open(incident)
    if incident.acknowledged_at is not None:
        return False
    leading.acknowledge(incident, by=by, at=at)
    incident.save(update_fields=leading.ACKNOWLEDGED)
    return True


@transaction.atomic
def take_command(*, incident_id: int, seen: int | None = None, by: Actor, at: datetime) -> Incident:
    """Become the commander. An incident that nobody acknowledged is acknowledged by it.

    `seen` is the id of the commander that the person saw, 0 for nobody; if somebody took command
    meanwhile, this is refused. Without it the one who commands is taken over from.
    """
    incident = queries.locked(incident_id, by=by)
    access.require(by, Permission.INCIDENT_COMMAND)
    moving.require_open(incident)
    if incident.commander_id == by.user_id:
        raise Conflict(f"You already command {incident.reference}.")
    if seen is not None and (incident.commander_id or 0) != seen:
        held = roster.held(incident, Assignment.Role.COMMANDER)
        since = f" at {held.accepted_at:%H:%M on %-d %b}" if held else ""
        raise Conflict(f"{incident.commander} took command{since}; look at the page again.")
    before = f", taking over from {incident.commander}" if incident.commander else ""
    roster.take(incident, Assignment.Role.COMMANDER, by.person_id, at=at)
    timeline.record(incident, Entry.Kind.UPDATE, f"{by.name} took command{before}.", by=by, at=at)
    leading.lead(incident, by=by, at=at)
    meet_evaluation(incident, at=at)
    return incident


@transaction.atomic
def begin_containment(*, incident_id: int, by: Actor, at: datetime) -> Incident:
    """Identification → Containment: it is real, evaluated, and somebody commands it."""
    incident = queries.locked(incident_id, by=by)
    access.require(by, Permission.INCIDENT_COMMAND)
    moving.require_phase(incident, Phase.IDENTIFICATION)
    moving.require_gates(incident, "begin_containment", words="Containment", at=at)
    incident.begin_containment()
    return moving.arrive(incident, Phase.IDENTIFICATION, by=by, at=at)


@transaction.atomic
def begin_mitigation(*, incident_id: int, by: Actor, at: datetime) -> Incident:
    """Containment → Mitigation: it no longer grows, and partners know."""
    incident = queries.locked(incident_id, by=by)
    access.require(by, Permission.INCIDENT_COMMAND)
    moving.require_phase(incident, Phase.CONTAINMENT)
    moving.require_gates(incident, "begin_mitigation", words="Mitigation", at=at)
    incident.begin_mitigation()
    moments.put(incident, {"contained_at": incident.contained_at or at}, by=by, at=at)
    deadlines.meet(incident, "contain", at=at)
    return moving.arrive(incident, Phase.CONTAINMENT, by=by, at=at)


@transaction.atomic
def begin_recovery(*, incident_id: int, by: Actor, at: datetime) -> Incident:
    """Mitigation → Recovery: the cause is known or named, and the fix is approved."""
    incident = queries.locked(incident_id, by=by)
    access.require(by, Permission.INCIDENT_COMMAND)
    moving.require_phase(incident, Phase.MITIGATION)
    moving.require_gates(incident, "begin_recovery", words="Recovery", at=at)
    incident.begin_recovery()
    return moving.arrive(incident, Phase.MITIGATION, by=by, at=at)


@transaction.atomic
def begin_review(*, incident_id: int, by: Actor, at: datetime) -> Incident:
    """Recovery → Review: service is normal, data agree, partners have the all-clear."""
    incident = queries.locked(incident_id, by=by)
    access.require(by, Permission.INCIDENT_COMMAND)
    moving.require_phase(incident, Phase.RECOVERY)
    moving.require_gates(incident, "begin_review", words="Review", at=at)
    incident.begin_review()
    moments.put(incident, {"resolved_at": at}, by=by, at=at)
    ReviewFacts.objects.get_or_create(
        incident=incident, defaults={"missing": ["the review is not written yet"]}
    )
    return moving.arrive(incident, Phase.RECOVERY, by=by, at=at)


@transaction.atomic
def close(*, incident_id: int, by: Actor, at: datetime) -> Incident:
    """Review → Closed: the review is complete and approved. Nothing else closes an incident."""
    incident = queries.locked(incident_id, by=by)
    access.require(by, Permission.REVIEW_APPROVE)
    moving.require_phase(incident, Phase.REVIEW)
    moving.require_gates(incident, "close", words="Closing", at=at)
    incident.close()
    incident.over_at = at
    deadlines.meet(incident, "review", at=at)
    moving.end(incident, why="closed", at=at)
    return moving.arrive(incident, Phase.REVIEW, by=by, at=at)


@transaction.atomic
def dismiss(
    *, incident_id: int, reason: str, duplicate_of: str = "", by: Actor, at: datetime
) -> Incident:
    """It was a false positive, or (with the other's reference) it is merged into the other.

    Needs a reason. What a duplicate gathered follows into the other; see `merging`.
    """
    other_id = merging.find(duplicate_of, by=by) if duplicate_of.strip() else incident_id
    both = {pk: queries.locked(pk, by=by) for pk in sorted({incident_id, other_id})}
    incident, other = both[incident_id], both[other_id]
    access.require(by, Permission.INCIDENT_COMMAND)
    if incident.phase not in (Phase.IDENTIFICATION, Phase.CONTAINMENT, Phase.MITIGATION):
        raise Conflict(
            f"{incident.reference} is in {incident.get_phase_display()}; only one that is not "
            f"yet in Recovery can be dismissed.{moving.how_it_got_there(incident)}"
        )
    moving.require_reason(reason, "Dismissing")
    origin = Phase(incident.phase)
    incident.dismissal = Incident.Dismissal.FALSE_POSITIVE
    if duplicate_of.strip():
        merging.merge(incident, other, by=by, at=at)
    else:
        duty.dismissed(incident, why=reason, by=by, at=at)
    incident.dismiss()
    incident.over_at = at
    moving.end(incident, why=incident.get_dismissal_display(), at=at)
    return moving.arrive(incident, origin, by=by, at=at, reason=reason)


@transaction.atomic
def reopen(*, incident_id: int, reason: str, by: Actor, at: datetime) -> Incident:
    """Closed → Review, Dismissed → Identification. Needs a reason; the review reopens too.

    One that was merged stands alone again; what followed into the other stays there.
    """
    incident, target = merging.locked_with_target(incident_id, by=by)
    access.require(by, Permission.INCIDENT_COMMAND)
    if incident.is_open:
        raise Conflict(f"{incident.reference} is open already.{moving.how_it_got_there(incident)}")
    moving.require_reason(reason, "Reopening")
    origin = Phase(incident.phase)
    incident.reopen()
    if origin == Phase.DISMISSED:  # it begins anew, and so does what was signed and decided
        incident.stay += 1
        deciding.lapse(incident, by=by, at=at)
    if target is not None:
        merging.part(incident, target, by=by, at=at)
    incident.over_at, incident.dismissal, incident.duplicate_of = None, "", None
    ReviewFacts.objects.filter(incident=incident).update(
        missing=["the review was reopened"], approved_at=None, approved_by=None
    )
    deadlines.resume(incident)
    if incident.acknowledged_at is None:  # dismissed before anybody took it: it pages again
        moving.escalate(incident, hit=paths.hit(incident), at=at)
    return moving.arrive(incident, origin, by=by, at=at, reason=reason)


@transaction.atomic
def step_back(
    *, incident_id: int, reason: str, seen: str = "", by: Actor, at: datetime
) -> Incident:
    """Back to the phase before this one: it was too early. Needs a reason.

    What was signed or decided for that phase and those after it counts no more. `seen` is the phase
    that the person saw; if somebody moved it meanwhile, this is refused.
    """
    incident = queries.locked(incident_id, by=by)
    access.require(by, Permission.INCIDENT_COMMAND)
    moving.require_open(incident)
    if incident.phase == Phase.IDENTIFICATION:
        how = moving.how_it_got_there(incident)
        raise Conflict(f"{incident.reference} is in its first phase; there is none before it.{how}")
    if seen:
        moving.require_phase(incident, Phase(seen))
    moving.require_reason(reason, "Going back a phase")
    origin = Phase(incident.phase)
    incident.step_back()
    incident.stay += 1
    if incident.phase in (Phase.IDENTIFICATION, Phase.CONTAINMENT):
        deciding.lapse(incident, by=by, at=at)
    if origin == Phase.REVIEW:  # the response goes on
        moments.put(incident, {"resolved_at": None}, by=by, at=at)
    return moving.arrive(incident, origin, by=by, at=at, reason=reason)


def _incident_of(opening: Opening, at: datetime) -> Incident:
    return Incident(
        title=opening.title.strip()[:200],
        description=opening.description,
        category_id=opening.category_id,
        detection=opening.detection,
        detected_by=opening.detected_by[:120],
        opened_at=at,
        occurred_at=opening.occurred_at,
        detected_at=opening.detected_at,
        aware_at=opening.aware_at,
        classify_at=undecided.next_page(opening.aware_at),
        impact=opening.impact,
        scope=opening.scope,
        urgency=opening.urgency,
        is_exercise=opening.is_exercise,
        exercise_pages=opening.exercise_pages,
        exercise_tells=opening.exercise_tells,
        is_restricted=opening.is_restricted,
        split_from_id=opening.split_from_id,
    )


def meet_evaluation(incident: Incident, *, at: datetime) -> None:
    """Commander named, category and severity confirmed: that clock is met."""
    if incident.commander_id and incident.confirmed_at and incident.category_id:
        deadlines.meet(incident, "evaluate", at=at)
