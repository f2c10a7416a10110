"""Problem records: incidents of one cause, held together until the cause is dealt with.

Each change stands on the timeline of every incident that the problem holds. Which incidents are
proposed says `recurrence`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from cases import queries as incidents
from cases import timeline
from cases.models import Category, Entry, Incident, System
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotFound
from reviews import drafting, recurrence
from reviews.models import NoProblem, Problem, ProblemIncident

State = Problem.State


@transaction.atomic
def record(
    *,
    title: str,
    owner_id: int,
    incident_ids: Sequence[int],
    cause: str = "",
    by: Actor,
    at: datetime,
) -> Problem:
    """A new problem that holds these incidents; its owner finds the cause."""
    held = [incidents.locked(pk, by=by) for pk in sorted(set(incident_ids))]
    access.require(by, Permission.PLAN_WRITE)
    if not held:
        raise InvalidInput("Name at least one incident that the problem holds.")
    problem = Problem.objects.create(
        title=drafting.words(title, lacks="Say in a few words what comes again.", limit=200),
        cause=cause.replace("\x00", "").strip(),
        owner=drafting.owner(owner_id),
        opened_at=at,
        opened_by_id=by.person_id,
    )
    problem.refresh_from_db(fields=["reference"])
    for incident in held:
        _hold(problem, incident, by=by, at=at)
    return problem


@transaction.atomic
def add(*, problem_id: int, incident_id: int, by: Actor, at: datetime) -> Problem:
    """The problem holds one more incident."""
    incident = incidents.locked(incident_id, by=by)
    access.require(by, Permission.PLAN_WRITE)
    problem = _locked(problem_id, by=by)
    _require_open(problem)
    _hold(problem, incident, by=by, at=at)
    return problem


@transaction.atomic
def take_out(*, problem_id: int, incident_id: int, reason: str, by: Actor, at: datetime) -> Problem:
    """An incident turns out to have another cause."""
    incident = incidents.locked(incident_id, by=by)
    access.require(by, Permission.PLAN_WRITE)
    problem = _locked(problem_id, by=by)
    _require_open(problem)
    said = drafting.words(reason, lacks="Say why it is taken out; it goes on the timeline.")
    if not problem.members.exclude(incident=incident).exists():
        raise Conflict(
            f"{problem.reference} holds nothing else; say how it was resolved, and it ends."
        )
    gone, _ = problem.members.filter(incident=incident).delete()
    if not gone:
        raise Conflict(f"{problem.reference} does not hold {incident.reference}.")
    _line(incident, f"Taken out of problem {problem.reference}: {said}", by=by, at=at)
    return problem


@transaction.atomic
def understand(*, problem_id: int, cause: str, by: Actor, at: datetime) -> Problem:
    """The cause is known: the problem is a known error until it is resolved."""
    access.require(by, Permission.PLAN_WRITE)
    problem = _locked(problem_id, by=by)
    _require_open(problem)
    problem.cause = drafting.words(cause, lacks="Say what the cause is.")
    problem.state = State.KNOWN_ERROR
    problem.save()
    _everywhere(problem, f"Problem {problem.reference} is a known error.", by=by, at=at)
    return problem


@transaction.atomic
def resolve(*, problem_id: int, resolution: str, by: Actor, at: datetime) -> Problem:
    """The cause is dealt with, in a way that stays with the problem."""
    access.require(by, Permission.PLAN_WRITE)
    problem = _locked(problem_id, by=by)
    _require_open(problem)
    problem.resolution = drafting.words(resolution, lacks="Say how the cause was dealt with.")
    problem.state, problem.resolved_at = State.RESOLVED, at
    problem.resolved_by_id = by.person_id
    problem.save()
    _everywhere(
        problem, f"Problem {problem.reference} is resolved: {problem.resolution}", by=by, at=at
    )
    return problem


@transaction.atomic
def reopen(*, problem_id: int, reason: str, by: Actor, at: datetime) -> Problem:
    """It came again: the problem is open, and holds what it held."""
    access.require(by, Permission.PLAN_WRITE)
    problem = _locked(problem_id, by=by)
    if problem.is_open:
        raise Conflict(f"{problem.reference} is open already.")
    said = drafting.words(reason, lacks="Say why it is open again; it goes on the timelines.")
    problem.state, problem.resolution = State.OPEN, ""
    problem.resolved_at = problem.resolved_by = None
    problem.save()
    _everywhere(problem, f"Problem {problem.reference} is open again: {said}", by=by, at=at)
    return problem


@transaction.atomic
def set_aside(
    *, category_id: int, system_id: int, reason: str, by: Actor, at: datetime
) -> NoProblem:
    """Incidents of this category on this system were looked at and are not of one cause. It is
    asked again once another one opens."""
    access.require(by, Permission.PLAN_WRITE)
    known = Category.objects.filter(pk=category_id), System.objects.filter(pk=system_id)
    if not all(rows.exists() for rows in known):
        raise NotFound("There is no such category or system.")
    return NoProblem.objects.create(
        category_id=category_id,
        system_id=system_id,
        reason=drafting.words(reason, lacks="Say why they have no cause in common.", limit=2000),
        at=at,
        said_by_id=by.person_id,
    )


# --- steps of the use cases above -----------------------------------------------------------------


def _hold(problem: Problem, incident: Incident, *, by: Actor, at: datetime) -> None:
    if incident.is_exercise:
        raise InvalidInput(f"{incident.reference} is a drill; a problem holds what was real.")
    member = ProblemIncident.objects.filter(incident=incident).select_related("problem").first()
    if member is not None:
        raise Conflict(f"{incident.reference} is in {member.problem.reference} already.")
    ProblemIncident.objects.create(
        problem=problem, incident=incident, added_at=at, added_by_id=by.person_id
    )
    _line(incident, f"Held in problem {problem.reference}.", by=by, at=at)


def _locked(problem_id: int, *, by: Actor) -> Problem:
    """The problem, its row locked; one that `by` may not see is not there."""
    gone = NotFound("There is no such problem; look at the list of problems.")
    if not recurrence.problems_visible_to(by).filter(pk=problem_id).exists():
        raise gone
    return Problem.objects.select_for_update(of=("self",)).get(pk=problem_id)


def _require_open(problem: Problem) -> None:
    if not problem.is_open:
        raise Conflict(f"{problem.reference} is resolved; reopen it to change it.")


def _everywhere(problem: Problem, text: str, *, by: Actor, at: datetime) -> None:
    """On the timeline of each incident, those that `by` may not open among them: it is theirs."""
    for member in problem.members.select_related("incident").order_by("incident_id"):
        _line(member.incident, text, by=by, at=at)


def _line(incident: Incident, text: str, *, by: Actor, at: datetime) -> None:
    timeline.record(incident, Entry.Kind.REVIEW, text, by=by, at=at)
