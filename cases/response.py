"""What responders do between the moves: updates, tasks, systems, causes, statements, pages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from cases import deadlines, gates, moving, queries, timeline
from cases.models import AffectedSystem, Entry, Incident, PlaybookTask, Statement, System, Task
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, InvalidInput
from notifications import escalation

Kind = Entry.Kind


@transaction.atomic
def post_update(*, incident_id: int, text: str, by: Actor, at: datetime) -> Entry:
    """Write to the timeline what happened, what was done, what is next. Internal."""
    incident = queries.locked(incident_id)
    access.require(by, Permission.INCIDENT_RESPOND)
    if not text.strip():
        raise InvalidInput("An update needs words; write what happened or what is next.")
    return timeline.record(incident, Kind.UPDATE, text.strip(), by=by, at=at)


@transaction.atomic
def correct(*, incident_id: int, entry_sequence: int, text: str, by: Actor, at: datetime) -> Entry:
    """Say what an update should have said. The old entry stays; both name each other.

    Only updates are corrected, and only by who wrote them or by the commander.
    """
    incident = queries.locked(incident_id)
    access.require(by, Permission.INCIDENT_RESPOND)
    entry = _entry(incident, entry_sequence)
    if entry.kind != Kind.UPDATE:
        raise InvalidInput("Only updates are corrected; post an update that says what is right.")
    if entry.is_blanked:
        raise Conflict("Its text was taken out; post an update instead.")
    if by.user_id is None or by.user_id not in (entry.user_id, incident.commander_id):
        raise InvalidInput(
            f"Entry {entry.sequence} is corrected by {entry.actor}, who wrote it, or by the "
            "commander; post an update instead."
        )
    if not text.strip():
        raise InvalidInput("A correction needs words; write what the entry should have said.")
    if text.strip() == entry.body:
        raise InvalidInput("The correction says the same as the entry; change something.")
    return timeline.record(
        incident,
        Kind.CORRECTION,
        text.strip(),
        by=by,
        at=at,
        partner_id=entry.partner_id,
        corrects=entry.sequence,
    )


@transaction.atomic
def blank(*, incident_id: int, entry_sequence: int, reason: str, by: Actor, at: datetime) -> Entry:
    """Take an entry's text out for good, for privacy. That it was, and why, stays on the timeline.

    The database takes the text and its salt out when it writes the new entry; the digest stays,
    so the chain still verifies.
    """
    incident = queries.locked(incident_id)
    access.require(by, Permission.INCIDENT_COMMAND)
    moving.require_reason(reason, "Taking out a text")
    entry = _entry(incident, entry_sequence)
    if entry.is_blanked:
        raise Conflict(f"The text of entry {entry.sequence} was taken out already.")
    if entry.kind == Kind.BLANKING:
        raise InvalidInput("This entry says that a text was taken out; it stays.")
    text = f"The text of entry {entry.sequence} was taken out. Reason: {reason.strip()}"
    return timeline.record(incident, Kind.BLANKING, text, by=by, at=at, corrects=entry.sequence)


def _entry(incident: Incident, sequence: int) -> Entry:
    entry = incident.entries.filter(sequence=sequence).first()
    if entry is None:
        raise InvalidInput(f"{incident.reference} has no entry {sequence}; look at the page again.")
    return entry


@transaction.atomic
def add_task(*, incident_id: int, phase: str, text: str, by: Actor, at: datetime) -> Task:
    """A task of our own beside the playbook's."""
    incident = queries.locked(incident_id)
    access.require(by, Permission.INCIDENT_RESPOND)
    moving.require_open(incident)
    if not text.strip():
        raise InvalidInput("A task needs words; write what is to be done.")
    last = incident.tasks.filter(phase=phase).order_by("-position").first()
    task = Task.objects.create(
        incident=incident,
        phase=phase,
        position=last.position + 1 if last else 1,
        text=text.strip()[:300],
    )
    timeline.record(incident, Kind.TASK, f"Task added: {task.text}", by=by, at=at)
    return task


@transaction.atomic
def end_tasks(
    *, incident_id: int, task_ids: Sequence[int], state: str, note: str, by: Actor, at: datetime
) -> int:
    """Tasks are `done` (the note says how) or `waived` (the note says why). Answers how many."""
    incident = queries.locked(incident_id)
    access.require(by, Permission.INCIDENT_RESPOND)
    moving.require_open(incident)
    if state not in (Task.State.DONE, Task.State.WAIVED):
        raise InvalidInput("A task ends as done or as waived; choose one.")
    if not note.strip():
        raise InvalidInput("Ending a task needs a note: how it was done, or why it is waived.")
    tasks = list(incident.tasks.filter(pk__in=task_ids, state=Task.State.OPEN))
    if not tasks or len(tasks) != len(set(task_ids)):
        raise Conflict("Some of these tasks were ended by somebody else; look at the page again.")
    Task.objects.filter(pk__in=[task.pk for task in tasks]).update(
        state=state, note=note.strip(), ended_at=at, ended_by=by.user_id
    )
    names = "; ".join(task.text.rstrip(".") for task in tasks)
    text = f"{timeline.counted(len(tasks), 'task')} {state}: {names}. {note.strip()}"
    timeline.record(incident, Kind.TASK, text, by=by, at=at)
    return len(tasks)


@transaction.atomic
def add_system(*, incident_id: int, system_id: int, by: Actor, at: datetime) -> AffectedSystem:
    """A system is affected."""
    incident = queries.locked(incident_id)
    access.require(by, Permission.INCIDENT_RESPOND)
    moving.require_open(incident)
    system = System.objects.get(pk=system_id)
    if incident.systems.filter(system=system).exists():
        raise Conflict(f"{system} is listed already.")
    affected = AffectedSystem.objects.create(
        incident=incident, system=system, changed_at=at, changed_by_id=by.user_id
    )
    timeline.record(incident, Kind.SYSTEM, f"{system} is affected.", by=by, at=at)
    return affected


@transaction.atomic
def change_system(
    *, incident_id: int, affected_id: int, state: str, how: str, by: Actor, at: datetime
) -> AffectedSystem:
    """A system was isolated or restored; `how` is the proof."""
    incident = queries.locked(incident_id)
    access.require(by, Permission.INCIDENT_RESPOND)
    moving.require_open(incident)
    affected = incident.systems.select_related("system").filter(pk=affected_id).first()
    if affected is None or state not in AffectedSystem.State.values:
        raise InvalidInput("Choose a system of this incident, and what became of it.")
    if not how.strip():
        raise InvalidInput(f"Say how {affected.system} was {state}; it is the proof.")
    affected.state, affected.how = state, how.strip()
    affected.changed_at, affected.changed_by_id = at, by.user_id
    affected.save()
    text = f"{affected.system} {state}: {affected.how}"
    timeline.record(incident, Kind.SYSTEM, text, by=by, at=at)
    return affected


@transaction.atomic
def record_cause(*, incident_id: int, cause: str, by: Actor, at: datetime) -> Incident:
    """The cause, or the best hypothesis so far."""
    incident = queries.locked(incident_id)
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
    incident = queries.locked(incident_id)
    access.require(by, Permission.INCIDENT_RESPOND)
    moving.require_open(incident)
    if recovered_at > at:
        raise InvalidInput("The time of recovery lies in the future; check it.")
    if incident.occurred_at and recovered_at < incident.occurred_at:
        raise InvalidInput("It cannot have recovered before it occurred; check the time.")
    incident.recovered_at = recovered_at
    incident.save(update_fields=["recovered_at"])
    deadlines.meet(incident, "recover", at=recovered_at)
    deadlines.reset(incident)
    text = f"Service recovered at {recovered_at:%d %b %H:%M} UTC."
    timeline.record(incident, Kind.UPDATE, text, by=by, at=at)
    return incident


@transaction.atomic
def clear_alerts(*, incident_id: int, reason: str, by: Actor, at: datetime) -> int:
    """The commander lets go of alerts that still fire, with a reason. Answers how many."""
    incident = queries.locked(incident_id)
    access.require(by, Permission.INCIDENT_COMMAND)
    moving.require_reason(reason, "Clearing alerts that still fire")
    count = incident.alerts.filter(resolved_at=None).update(resolved_at=at)
    if not count:
        raise Conflict("No alert fires any more.")
    text = f"{timeline.counted(count, 'alert')} cleared by hand. Reason: {reason.strip()}"
    timeline.record(incident, Kind.ALERT, text, by=by, at=at)
    return count


@transaction.atomic
def sign(*, incident_id: int, key: str, text: str, by: Actor, at: datetime) -> Statement:
    """The commander signs a statement that a gate accepts, in own words."""
    incident = queries.locked(incident_id)
    access.require(by, Permission.INCIDENT_COMMAND)
    moving.require_open(incident)
    if key not in gates.STATEMENTS:
        raise InvalidInput("There is no such statement to sign.")
    if not text.strip():
        raise InvalidInput("A signed statement needs words: what it rests on.")
    if incident.statements.filter(key=key).exists():
        raise Conflict("This was signed already; statements are never changed.")
    statement = Statement.objects.create(
        incident=incident, key=key, text=text.strip(), signed_at=at, signed_by_id=by.person_id
    )
    if key in deadlines.WITHOUT_NOTICE:
        deadlines.drop(incident, "first_notice")
    words = f"Signed: {gates.STATEMENTS[key]}. {statement.text}"
    timeline.record(incident, Kind.STATEMENT, words, by=by, at=at)
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
    """Page someone now: people, groups, or both. Answers how many people were paged."""
    incident = queries.locked(incident_id)
    access.require(by, Permission.INCIDENT_PAGE)
    moving.require_open(incident)
    paged = escalation.page(
        about=incident.about,
        user_ids=list(user_ids),
        group_ids=list(group_ids),
        by_name=by.name,
        note=note.strip(),
        title=incident.title,
        reference=incident.reference,
        severity=incident.severity,
        url=incident.url,
        at=at,
    )
    if not paged:
        raise InvalidInput("Nobody would be paged; choose a person, or a group with members.")
    names = ", ".join(person.name for person in paged)
    timeline.record(incident, Kind.PAGE, f"Paged {names}. {note.strip()}".strip(), by=by, at=at)
    return len(paged)


def lay_out_playbook(incident: Incident, *, former_id: int | None) -> None:
    """Tasks from the category's playbook; open ones of the former playbook give way."""
    former = PlaybookTask.objects.filter(category_id=former_id or 0).values("text")
    incident.tasks.filter(state=Task.State.OPEN, text__in=former).delete()
    Task.objects.bulk_create(
        Task(
            incident=incident,
            phase=line.phase,
            position=line.position,
            text=line.text,
            needs_evidence=line.needs_evidence,
            needs_second_person=line.needs_second_person,
            is_partner_facing=line.is_partner_facing,
        )
        for line in PlaybookTask.objects.filter(category=incident.category)
    )
