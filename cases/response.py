"""What responders do between the moves: updates, systems, causes, statements, pages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from cases import deadlines, gates, moments, moving, queries, sight, timeline
from cases.models import AffectedSystem, Entry, Incident, Statement, System
from cases.regulation import duty
from incidentdesk.kernel import access, clocks
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, InvalidInput
from incidentdesk.kernel.models import User

Kind = Entry.Kind


@transaction.atomic
def post_update(*, incident_id: int, text: str, by: Actor, at: datetime) -> Entry:
    """Write to the timeline what happened, what was done, what is next. Internal."""
    incident = queries.locked(incident_id, by=by)
    access.require(by, Permission.INCIDENT_RESPOND)
    if not text.strip():
        raise InvalidInput("An update needs words; write what happened or what is next.")
    return timeline.record(incident, Kind.UPDATE, text.strip(), by=by, at=at)


@transaction.atomic
def add_system(
    *,
    incident_id: int,
    system_id: int,
    down_since: datetime | None = None,
    by: Actor,
    at: datetime,
) -> AffectedSystem:
    """A system is affected; `down_since` if it is fully down."""
    incident = queries.locked(incident_id, by=by)
    access.require(by, Permission.INCIDENT_RESPOND)
    moving.require_responding(incident)
    system = System.objects.get(pk=system_id)
    if incident.systems.filter(system=system).exists():
        raise Conflict(f"{system} is listed already.")
    _require_past(down_since, at=at)
    affected = AffectedSystem.objects.create(
        incident=incident,
        system=system,
        down_since=down_since,
        changed_at=at,
        changed_by_id=by.user_id,
    )
    down = f" Fully down since {down_since:%d %b %H:%M} UTC." if down_since else ""
    timeline.record(incident, Kind.SYSTEM, f"{system} is affected.{down}", by=by, at=at)
    moving.take_back_recovery(incident, system.name, by=by, at=at)
    return affected


@transaction.atomic
def change_system(
    *,
    incident_id: int,
    affected_id: int,
    state: str,
    how: str,
    checked_by_id: int | None = None,
    by: Actor,
    at: datetime,
) -> AffectedSystem:
    """A system was isolated or restored, or is affected again; `how` is the proof.

    `checked_by_id` is the second person who looked; a critical system is not restored without.
    In Review it can only become better: nothing asks any more whether it was restored.
    """
    incident = queries.locked(incident_id, by=by)
    access.require(by, Permission.INCIDENT_RESPOND)
    _require_time_for_it(incident, is_better=state == AffectedSystem.State.RESTORED)
    affected = _affected(incident, affected_id)
    if state not in AffectedSystem.State.values:
        raise InvalidInput("Choose a system of this incident, and what became of it.")
    if not how.strip():
        raise InvalidInput(f"Say how {affected.system} was {state}; it is the proof.")
    checker = _checker(affected, state, checked_by_id, by=by)
    was_down = affected.down_since if state == AffectedSystem.State.RESTORED else None
    affected.state, affected.how, affected.checked_by = state, how.strip(), checker
    affected.changed_at, affected.changed_by_id = at, by.user_id
    if was_down is not None:
        affected.down_since = None
    affected.save()
    more = [f"Checked by {checker}."] if checker else []
    more += [f"Up again after {clocks.words(at - was_down)}."] if was_down else []
    how = f"{affected.how.rstrip('.')}." if more else affected.how
    text = " ".join([f"{affected.system} {state}: {how}", *more])
    timeline.record(incident, Kind.SYSTEM, text, by=by, at=at)
    if state == AffectedSystem.State.AFFECTED:
        moving.take_back_recovery(incident, affected.system.name, by=by, at=at)
    return affected


@transaction.atomic
def set_down(
    *, incident_id: int, affected_id: int, down_since: datetime | None, by: Actor, at: datetime
) -> AffectedSystem:
    """A system is fully down since then (not said in Review any more), or (None) up again."""
    incident = queries.locked(incident_id, by=by)
    access.require(by, Permission.INCIDENT_RESPOND)
    _require_time_for_it(incident, is_better=down_since is None)
    affected = _affected(incident, affected_id)
    if down_since is not None and affected.state == AffectedSystem.State.RESTORED:
        raise Conflict(f"{affected.system} is restored; say first that it is affected again.")
    if down_since is None and affected.down_since is None:
        raise Conflict(f"{affected.system} is not noted as down; look at the page again.")
    _require_past(down_since, at=at)
    was, affected.down_since = affected.down_since, down_since
    affected.save(update_fields=["down_since"])
    if down_since is None and was is not None:
        text = f"{affected.system} is up again after {clocks.words(at - was)}."
    else:
        text = f"{affected.system} is fully down since {down_since:%d %b %H:%M} UTC."
    timeline.record(incident, Kind.SYSTEM, text, by=by, at=at)
    return affected


@transaction.atomic
def record_cause(*, incident_id: int, cause: str, by: Actor, at: datetime) -> Incident:
    """The cause, or the best hypothesis so far."""
    incident = queries.locked(incident_id, by=by)
    access.require(by, Permission.INCIDENT_RESPOND)
    moving.require_open(incident)
    if not cause.strip():
        raise InvalidInput("Write the cause, or the best hypothesis so far.")
    incident.cause = cause.strip()
    incident.save(update_fields=["cause"])
    timeline.record(incident, Kind.UPDATE, f"Cause: {incident.cause}", by=by, at=at)
    return incident


@transaction.atomic
def record_recovery(
    *, incident_id: int, recovered_at: datetime, by: Actor, at: datetime
) -> Incident:
    """When service was back at its former level, delayed work included."""
    incident = queries.locked(incident_id, by=by)
    access.require(by, Permission.INCIDENT_RESPOND)
    moving.require_open(incident)
    if recovered_at > at:
        raise InvalidInput("The time of recovery lies in the future; check it.")
    if incident.occurred_at and recovered_at < incident.occurred_at:
        raise InvalidInput("It cannot have recovered before it occurred; check the time.")
    _require_none_affected(incident)
    former = incident.recovered_at
    moments.put(incident, {"recovered_at": recovered_at}, by=by, at=at)
    incident.save(update_fields=["recovered_at"])
    deadlines.meet(incident, "recover", at=recovered_at)
    deadlines.reset(incident)
    deadlines.move_anchor(incident, "recovered_at", former)
    text = f"Service recovered at {recovered_at:%d %b %H:%M} UTC."
    timeline.record(incident, Kind.UPDATE, text, by=by, at=at)
    return incident


@transaction.atomic
def clear_alerts(*, incident_id: int, reason: str, by: Actor, at: datetime) -> int:
    """The commander lets go of alerts that still fire, with a reason. Answers how many."""
    incident = queries.locked(incident_id, by=by)
    access.require(by, Permission.INCIDENT_COMMAND)
    moving.require_reason(reason, "Clearing alerts that still fire")
    count = queries.lock_alerts(incident).filter(resolved_at=None).update(resolved_at=at)
    if not count:
        raise Conflict("No alert fires any more.")
    text = f"{timeline.counted(count, 'alert')} cleared by hand. Reason: {reason.strip()}"
    timeline.record(incident, Kind.ALERT, text, by=by, at=at)
    return count


@transaction.atomic
def sign(
    *, incident_id: int, key: str, text: str, nothing_owed: bool = False, by: Actor, at: datetime
) -> Statement:
    """The commander signs a statement that a gate accepts, in own words; anew after a step back.

    `nothing_owed` decides that we owe no report: our open clocks end as not owed.
    """
    incident = queries.locked(incident_id, by=by)
    access.require(by, Permission.INCIDENT_COMMAND)
    moving.require_open(incident)
    if key not in gates.STATEMENTS:
        raise InvalidInput("There is no such statement to sign.")
    if not text.strip():
        raise InvalidInput("A signed statement needs words: what it rests on.")
    if nothing_owed and key != duty.DECIDED:
        raise InvalidInput("Whether a report is owed is the regulatory duty; sign that instead.")
    if key in incident.signed():
        raise Conflict("This was signed already; statements are never changed.")
    if key == "no_fix_needed":
        moving.require_second_person(incident, by.person_id)
    statement = Statement.objects.create(
        incident=incident,
        key=key,
        stay=incident.stay,
        text=text.strip(),
        signed_at=at,
        signed_by_id=by.person_id,
    )
    if key == deadlines.NO_PARTNERS:
        deadlines.settle_first_notice(incident)
    words = f"Signed: {gates.STATEMENTS[key]}. {statement.text}"
    timeline.record(incident, Kind.STATEMENT, words, by=by, at=at)
    if nothing_owed:
        duty.decided_none(incident, why=statement.text, by=by, at=at)
    return statement


@transaction.atomic
def page(
    *,
    incident_id: int,
    user_ids: Sequence[int],
    group_ids: Sequence[int],
    note: str,
    by: Actor,
    at: datetime,
) -> int:
    """Page someone now: people, groups, or both. Answers how many people were paged.

    The page of a restricted incident names nothing, so its note stays on the timeline.
    """
    incident = queries.locked(incident_id, by=by)
    access.require(by, Permission.INCIDENT_PAGE)
    moving.require_open(incident)
    if not moving.pages_people(incident):
        raise InvalidInput("This exercise pages nobody; that was decided when it was declared.")
    paged = moving.page(
        incident,
        user_ids=list(user_ids),
        group_ids=list(group_ids),
        by_name=by.name,
        note=note.strip(),
        at=at,
    )
    if not paged:
        raise InvalidInput("Nobody would be paged; choose a person, or a group with members.")
    if incident.is_restricted:  # to call somebody to it is to let that person in
        for person in paged:
            sight.admit(incident, person.pk, by=by, at=at)
    names = ", ".join(person.name for person in paged)
    timeline.record(incident, Kind.PAGE, f"Paged {names}. {note.strip()}".strip(), by=by, at=at)
    return len(paged)


# --- steps ----------------------------------------------------------------------------------------


def _require_none_affected(incident: Incident) -> None:
    rows = incident.systems.filter(state=AffectedSystem.State.AFFECTED).order_by("system__name")
    names = list(rows.values_list("system__name", flat=True))
    if names:
        is_, it = ("is", "it is") if len(names) == 1 else ("are", "they are")
        raise Conflict(
            f"{' and '.join(names)} {is_} still affected; say first that {it} isolated or restored."
        )


def _require_time_for_it(incident: Incident, *, is_better: bool) -> None:
    if is_better:
        moving.require_open(incident)
    else:
        moving.require_responding(incident)


def _affected(incident: Incident, affected_id: int) -> AffectedSystem:
    found = incident.systems.select_related("system").filter(pk=affected_id).first()
    if found is None:
        raise InvalidInput("Choose a system of this incident, and what became of it.")
    return found


def _checker(
    affected: AffectedSystem, state: str, checked_by_id: int | None, *, by: Actor
) -> User | None:
    """The second person who looked: somebody else at the desk."""
    if checked_by_id is None:
        if affected.system.is_critical and state == AffectedSystem.State.RESTORED:
            raise InvalidInput(
                f"{affected.system} is critical: have a second person check it, and name them."
            )
        return None
    if checked_by_id == by.user_id:
        raise InvalidInput("You say so yourself; name somebody else who checked it, or nobody.")
    found = User.objects.filter(pk=checked_by_id).first()
    if found is None or not access.allows(access.actor_for(found), Permission.INCIDENT_READ):
        raise InvalidInput("Who checked it is somebody at the desk; choose one.")
    return found


def _require_past(down_since: datetime | None, *, at: datetime) -> None:
    if down_since is not None and down_since > at:
        raise InvalidInput("It cannot be down since a time in the future; check it.")
