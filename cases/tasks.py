"""Tasks: who does what until when, how it ended, what shows it, and who looked at it as well.

A task is done with a note or waived with a reason. One that is marked “needs evidence” is done
once evidence is attached; one marked “second person” has ended once somebody else confirmed it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef

from cases import moving, owed, queries, roster, timeline
from cases.models import Entry, Evidence, Incident, Task
from cases.models.incident import OVER
from cases.models.playbook import PHASES
from cases.owed import Owed
from incidentdesk.kernel import access, clocks
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotAllowed
from notifications import outbox

LENGTH = 300  # of a task's text


@transaction.atomic
def add(
    *,
    incident_id: int,
    phase: str,
    text: str,
    needs_evidence: bool = False,
    needs_second_person: bool = False,
    is_partner_facing: bool = False,
    owner_id: int | None = None,
    due_at: datetime | None = None,
    by: Actor,
    at: datetime,
) -> Task:
    """A task of our own beside the playbook's, with the same marks."""
    incident = queries.locked(incident_id, by=by)
    access.require(by, Permission.INCIDENT_RESPOND)
    moving.require_open(incident)
    if phase not in dict(PHASES):
        raise InvalidInput("A task belongs to Containment, Mitigation or Recovery; choose one.")
    if not text.strip():
        raise InvalidInput("A task needs words; write what is to be done.")
    owner = roster.owner(incident, owner_id)
    _require_ahead(due_at, None, at=at)
    task = Task.objects.create(
        incident=incident,
        phase=phase,
        position=_next_position(incident, phase),
        text=text.strip()[:LENGTH],
        needs_evidence=needs_evidence,
        needs_second_person=needs_second_person,
        is_partner_facing=is_partner_facing,
        owner=owner,
        **_until(due_at, at=at),
    )
    plan = f" ({found})" if (found := _plan(task)) else ""
    words = f"Task added: {task.text.rstrip('.')}{plan}."
    timeline.record(incident, Entry.Kind.TASK, words, by=by, at=at)
    _tell_owner(incident, task, by=by, at=at)
    return task


@transaction.atomic
def assign(
    *,
    incident_id: int,
    task_id: int,
    owner_id: int | None,
    due_at: datetime | None,
    by: Actor,
    at: datetime,
) -> Task:
    """Say whose it is and until when; without an owner or a time it has none from now on.

    The owner is mailed once, if somebody else gave the task.
    """
    incident = queries.locked(incident_id, by=by)
    access.require(by, Permission.INCIDENT_RESPOND)
    moving.require_open(incident)
    task = _task(incident, task_id)
    if task.state != Task.State.OPEN:
        raise Conflict("This task has ended by now; reopen it first.")
    _require_ahead(due_at, task.due_at, at=at)
    former_id = task.owner_id
    if (former_id, task.due_at) == (owner_id, due_at):
        return task
    if owner_id != former_id:
        task.owner = roster.owner(incident, owner_id)
    times = _until(due_at, at=at) if due_at != task.due_at else {}
    for name, value in times.items():
        setattr(task, name, value)
    task.save(update_fields=["owner", *times])
    words = f"{_quoted(task)}: {_plan(task) or 'nobody’s, and not due at any time'}."
    timeline.record(incident, Entry.Kind.TASK, words, by=by, at=at)
    if owner_id != former_id:
        _tell_owner(incident, task, by=by, at=at)
    return task


@transaction.atomic
def end(
    *, incident_id: int, task_ids: Sequence[int], state: str, note: str, by: Actor, at: datetime
) -> int:
    """Tasks are `done` (the note says how) or `waived` (the note says why). Answers how many."""
    incident = queries.locked(incident_id, by=by)
    access.require(by, Permission.INCIDENT_RESPOND)
    moving.require_open(incident)
    if state not in (Task.State.DONE, Task.State.WAIVED):
        raise InvalidInput("A task ends as done or as waived; choose one.")
    if not note.strip():
        raise InvalidInput("Ending a task needs a note: how it was done, or why it is waived.")
    proof = Exists(Evidence.objects.filter(task=OuterRef("pk")))
    open_tasks = incident.tasks.filter(pk__in=task_ids, state=Task.State.OPEN)
    tasks = list(open_tasks.annotate(has_evidence=proof))
    if not tasks or len(tasks) != len(set(task_ids)):
        raise Conflict("Some of these tasks were ended by somebody else; look at the page again.")
    if state == Task.State.DONE:
        _require_evidence([task for task in tasks if task.needs_evidence and not task.has_evidence])
    else:
        _require_may_waive(tasks, by)
    Task.objects.filter(pk__in=[task.pk for task in tasks]).update(
        state=state, note=note.strip(), ended_at=at, ended_by=by.user_id
    )
    names = "; ".join(task.text.rstrip(".") for task in tasks)
    text = f"{timeline.counted(len(tasks), 'task')} {state}: {names}. {note.strip()}"
    timeline.record(incident, Entry.Kind.TASK, text, by=by, at=at)
    return len(tasks)


@transaction.atomic
def confirm(*, incident_id: int, task_id: int, note: str, by: Actor, at: datetime) -> Task:
    """The second person looked at a task that is done and marked for one; now it has ended."""
    incident = queries.locked(incident_id, by=by)
    access.require(by, Permission.INCIDENT_RESPOND)
    moving.require_open(incident)
    task = _task(incident, task_id)
    if not task.needs_second_person:
        raise InvalidInput("This task needs no second person.")
    if task.state != Task.State.DONE:
        raise Conflict("Only a task that is done can be confirmed; look at the page again.")
    if task.confirmed_at is not None:
        raise Conflict(f"{task.confirmed_by} has confirmed this task already.")
    if task.ended_by_id == by.person_id:
        raise InvalidInput("You ended this task yourself; somebody else has to confirm it.")
    task.confirmed_at, task.confirmed_by_id = at, by.person_id
    task.confirmation = note.strip()
    task.save(update_fields=["confirmed_at", "confirmed_by", "confirmation"])
    words = f"{_quoted(task)} confirmed as the second person. {task.confirmation}".strip()
    timeline.record(incident, Entry.Kind.TASK, words, by=by, at=at)
    return task


@transaction.atomic
def reopen(*, incident_id: int, task_id: int, reason: str, by: Actor, at: datetime) -> Task:
    """It was not over after all. Needs a reason; how it had ended stays on the timeline."""
    incident = queries.locked(incident_id, by=by)
    access.require(by, Permission.INCIDENT_RESPOND)
    moving.require_open(incident)
    moving.require_reason(reason, "Reopening a task")
    task = _task(incident, task_id)
    if task.state == Task.State.OPEN:
        raise Conflict("This task is open already.")
    task.state, task.note, task.confirmation = Task.State.OPEN, "", ""
    task.ended_at = task.ended_by = task.confirmed_at = task.confirmed_by = None
    task.save()
    words = f"{_quoted(task)} reopened. Reason: {reason.strip()}"
    timeline.record(incident, Entry.Kind.TASK, words, by=by, at=at)
    return task


def take_due(*, at: datetime) -> list[Owed]:
    """The open tasks whose owner is reminded now, each claimed. A step of a reminding run.

    Without an owner who can be reached the commander is told.
    """
    rows = Task.objects.filter(state=Task.State.OPEN).exclude(incident__phase__in=OVER)
    people = ("incident__commander", "incident__category", "owner")
    return owed.take(rows.select_related(*people), _owed, at=at)


# --- steps ----------------------------------------------------------------------------------------


def _until(due_at: datetime | None, *, at: datetime) -> dict[str, datetime | None]:
    """A time that holds from now on, and when the owner is first reminded of it."""
    if due_at is None:
        return {"due_at": None, "due_set_at": None, "remind_at": None}
    return {"due_at": due_at, "due_set_at": at, "remind_at": clocks.first_reminder(at, due_at)}


def _owed(task: Task) -> Owed:
    """Of a restricted incident it names nothing."""
    incident = task.incident
    if task.due_at is None or task.due_set_at is None:  # the database refuses it
        raise RuntimeError(f"{task} is to be reminded of, and has no time.")
    return Owed(
        key=f"task:{task.pk}",
        what="A task" if incident.is_restricted else f"Task {_quoted(task)}",
        incident=incident,
        people=owed.responsible(incident, task.owner, incident.commander),
        start_at=task.due_set_at,
        due_at=task.due_at,
        url=f"{incident.url}?tab=tasks#task-{task.pk}",
    )


def _task(incident: Incident, task_id: int) -> Task:
    people = ("owner", "ended_by", "confirmed_by")
    task = incident.tasks.select_related(*people).filter(pk=task_id).first()
    if task is None:
        raise InvalidInput("There is no such task in this incident; look at the page again.")
    return task


def _next_position(incident: Incident, phase: str) -> int:
    last = incident.tasks.filter(phase=phase).order_by("-position").first()
    return last.position + 1 if last else 1


def _require_ahead(due_at: datetime | None, before: datetime | None, *, at: datetime) -> None:
    if due_at is not None and due_at != before and due_at <= at:
        raise InvalidInput("The time until when it is due is over already; check it.")


def _require_evidence(missing: Sequence[Task]) -> None:
    if missing:
        raise InvalidInput(
            f"{_named(missing)} needs evidence before it is done: attach a file to the task, then "
            "end it; or the commander waives it with a reason."
        )


def _require_may_waive(tasks: Sequence[Task], by: Actor) -> None:
    """What has to be shown, or seen by two, is not let go by everybody."""
    marked = [task for task in tasks if task.needs_evidence or task.needs_second_person]
    if marked and not access.allows(by, Permission.INCIDENT_COMMAND):
        raise NotAllowed(
            f"{_named(marked)} needs evidence or a second person; only a commander waives it."
        )


def _named(tasks: Sequence[Task]) -> str:
    """The first one's words, and how many more."""
    more = f" (and {len(tasks) - 1} more)" if len(tasks) > 1 else ""
    return _quoted(tasks[0]) + more


def _quoted(task: Task) -> str:
    return f"“{task.text.rstrip('.')}”"


def _plan(task: Task) -> str:
    """`for Responder, due 4 Mar 10:30 UTC`, as far as it is planned."""
    owner = f"for {task.owner}" if task.owner else ""
    due = f"due {task.due_at:%-d %b %H:%M} UTC" if task.due_at else ""
    return ", ".join(words for words in (owner, due) if words)


def _tell_owner(incident: Incident, task: Task, *, by: Actor, at: datetime) -> None:
    """A mail, and no page: it can wait. Of a restricted incident it names nothing."""
    if task.owner is None or task.owner_id == by.user_id:
        return
    facts, closed = moving.escalation_facts(incident), incident.is_restricted
    outbox.queue(
        kind="task",
        to=task.owner,
        context={
            "task": "Its page says what it is." if closed else task.text,
            "phase": task.get_phase_display(),
            "due": task.due_at,
            "needs_evidence": task.needs_evidence,
            "needs_second_person": task.needs_second_person,
            "by_name": by.name,
            "reference": facts["reference"],
            "title": facts["title"] if closed else incident.title,
            "severity": incident.severity,
            "is_exercise": incident.is_exercise,
            "url": f"{incident.url}?tab=tasks#task-{task.pk}",
        },
        about=incident.about,
        dedupe_key=f"task:{task.pk}:{task.owner_id}:{at:%Y%m%dT%H%M%S.%f}",
        at=at,
    )
