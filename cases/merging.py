"""Merging: what a duplicate gathered follows into the incident that goes on; its timeline stays.

Steps of `workflow.dismiss` and `workflow.reopen`, which hold the locks of both. One way: reopening
the duplicate parts them again, but what followed stays where it is.
"""

from __future__ import annotations

from datetime import datetime

from cases import disclosure, moving, promises, queries, timeline
from cases.models import CustodyEvent, Entry, Evidence, Incident, Involvement, Notice, Task
from cases.models.deadline import ROOT_CAUSE
from cases.regulation import clocks
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.errors import Conflict, InvalidInput

MOVE = Entry.Kind.MOVE


def find(reference: str, *, by: Actor) -> int:
    """The id of the incident that `reference` names; one that `by` may not see is none."""
    found = queries.visible_to(by).filter(reference=reference.strip().upper())
    pk = found.values_list("pk", flat=True).first()
    if pk is None:
        raise InvalidInput(f"There is no other incident {reference}; check the reference.")
    return int(pk)


def locked_with_target(incident_id: int, *, by: Actor) -> tuple[Incident, Incident | None]:
    """The incident and what it was merged into, locked in the order of their ids."""
    rows = Incident.objects.filter(pk=incident_id)
    target_id = rows.values_list("duplicate_of_id", flat=True).first()
    if target_id is None:
        return queries.locked(incident_id, by=by), None
    # Whoever may not see the target still parts from it; only the door of the first is asked.
    doors = {target_id: access.SYSTEM, incident_id: by}
    both = {pk: queries.locked(pk, by=doors[pk]) for pk in sorted(doors)}
    if both[incident_id].duplicate_of_id != target_id:
        raise Conflict("Somebody changed this meanwhile; look at the page again.")
    return both[incident_id], both[target_id]


def merge(incident: Incident, other: Incident, *, by: Actor, at: datetime) -> None:
    """`incident` goes on in `other`; both timelines name the other's newest entry and its hash."""
    _require_mergeable(incident, other)
    stood, stands = timeline.head_of(incident), timeline.head_of(other)
    incident.duplicate_of, incident.dismissal = other, Incident.Dismissal.DUPLICATE
    followed = [
        timeline.counted(number, noun)
        for noun, number in (
            ("alert", incident.alerts.update(incident=other)),
            ("system", _systems(incident, other)),
            ("partner", _partners(incident, other, by=by, at=at)),
            ("report", incident.reports.update(incident=other)),
            ("piece", _evidence(incident, other, by=by, at=at)),
            ("open task", _tasks(incident, other)),
        )
        if number
    ]
    what = (", ".join(followed) or "nothing").replace("piece", "piece of evidence", 1)
    what = what.replace("piece of evidences", "pieces of evidence")
    # Who led either is no second person to the review of what became of both.
    other.commanded_by = sorted({*other.commanded_by, *incident.commanded_by})
    if other.alerts.filter(resolved_at=None).exists():
        other.recovery_proposed_at = None
    other.save(update_fields=["commanded_by", "recovery_proposed_at"])
    promises.reset(other, (ROOT_CAUSE,))  # who followed may be owed the report of the cause here
    text = f"Merged into this incident: {_named(incident)}; what followed: {what}. "
    timeline.record(other, MOVE, f"{text}Its timeline stood at {stood}.", by=by, at=at)
    text = f"Merged into {_named(other)}; what followed: {what}. "
    timeline.record(incident, MOVE, f"{text}Its timeline stood at {stands}.", by=by, at=at)


def part(incident: Incident, target: Incident, *, by: Actor, at: datetime) -> None:
    """They are two again; what followed stays with the target."""
    stays = "What had followed stays there"
    text = f"No longer merged into {_named(target)}. {stays}; list here again what belongs here."
    timeline.record(incident, MOVE, text, by=by, at=at)
    text = f"No longer merged into this incident, but reopened: {_named(incident)}. "
    timeline.record(target, MOVE, f"{text}What had followed stays here.", by=by, at=at)
    incident.involvements.exclude(continued_as="").update(continued_as="")


def _named(incident: Incident) -> str:
    """How another timeline names an incident: the reference of a restricted one stays inside."""
    return "a restricted incident" if incident.is_restricted else incident.reference


def _require_mergeable(incident: Incident, other: Incident) -> None:
    if other.pk == incident.pk:
        raise InvalidInput(f"{incident.reference} cannot be merged into itself; name the other.")
    if other.duplicate_of_id is not None:
        raise InvalidInput(f"{other.reference} is merged itself; name the one it points to.")
    moving.require_responding(other)
    if incident.is_exercise != other.is_exercise:
        raise InvalidInput("An exercise and what is real are never merged.")
    if incident.is_restricted and not other.is_restricted:
        raise InvalidInput(
            f"{incident.reference} is restricted and {other.reference} is not; restrict that one "
            "first, or lift the restriction."
        )


def _systems(incident: Incident, other: Incident) -> int:
    """Systems that the other does not list follow; one that both list is as down as it gets."""
    theirs = {row.system_id: row for row in other.systems.all()}
    for row in incident.systems.filter(system__in=theirs, down_since__isnull=False):
        known = theirs[row.system_id]
        known.down_since = min(filter(None, (known.down_since, row.down_since)))
        known.save(update_fields=["down_since"])
    return incident.systems.exclude(system__in=theirs).update(incident=other)


def _partners(incident: Incident, other: Incident, *, by: Actor, at: datetime) -> int:
    """A partner new to the other follows with its own reference and what it was sent.

    One that the other involves as well is shown that its reference goes on under the other one.
    Notices that were not sent are withdrawn: what is said now is said of the other incident.
    """
    unsent = (Notice.State.DRAFT, Notice.State.APPROVED)
    incident.notices.filter(state__in=unsent).update(state=Notice.State.WITHDRAWN)
    theirs = {row.partner_id: row for row in other.involvements.select_related("partner")}
    times = {move.to_phase: move.at.isoformat() for move in other.moves.all()}
    followed = 0
    for row in incident.involvements.select_related("partner").order_by("partner_id"):
        if row.partner_id not in theirs:
            row.incident, row.phase, row.phase_times = other, other.phase, times
            row.save(update_fields=["incident", "phase", "phase_times"])
            promises.follow(row)
            clocks.follow(other, row, by=by, at=at)
            followed += 1
        elif row.disclosed_at is not None:
            _continue(row, theirs[row.partner_id], other, by=by, at=at)
    return followed


def _continue(
    row: Involvement, onward: Involvement, other: Incident, *, by: Actor, at: datetime
) -> None:
    """The partner has seen `row`; it is shown `onward`, and that the one goes on as the other."""
    if onward.disclosed_at is None:
        disclosure.show(other, onward, by=by, at=at)
    row.continued_as = onward.reference
    row.save(update_fields=["continued_as"])


def _evidence(incident: Incident, other: Incident, *, by: Actor, at: datetime) -> int:
    """Evidence follows, and its chain of custody says so."""
    moved = list(incident.evidence.values_list("pk", flat=True))
    Evidence.objects.filter(pk__in=moved).update(incident=other)
    CustodyEvent.objects.bulk_create(
        CustodyEvent(
            evidence_id=pk,
            at=at,
            action=CustodyEvent.Action.MOVED,
            actor=by.name,
            user_id=by.user_id,
            detail=f"with {_named(incident)} into {_named(other)}",
        )
        for pk in moved
    )
    return len(moved)


def _tasks(incident: Incident, other: Incident) -> int:
    """Open tasks that the other does not have follow."""
    known = set(other.tasks.values_list("phase", "text"))
    follow = [
        task.pk
        for task in incident.tasks.filter(state=Task.State.OPEN)
        if (task.phase, task.text) not in known
    ]
    return Task.objects.filter(pk__in=follow).update(incident=other)
