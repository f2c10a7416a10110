"""The tasks of an incident as the page lists them: by phase, with what is missing to end each."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Prefetch
from django.urls import reverse

from cases.admin.dialogs import tasks as dialogs
from cases.admin.page import moments
from cases.models import Evidence, Incident, Task
from cases.models.playbook import PHASES
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.dialogs import Action

# The buttons of a row, in order, and what they are called there.
WAYS = (
    (dialogs.DONE, "Done"),
    (dialogs.CONFIRM, "Confirm"),
    (dialogs.ASSIGN, "Assign"),
    (dialogs.WAIVE, "Waive"),
    (dialogs.REOPEN, "Reopen"),
)


@dataclass(frozen=True)
class Way:
    """A button at a task."""

    label: str
    url: str


@dataclass(frozen=True)
class TaskRow:
    """One task: until when, what it still needs, how it ended, and what can be done with it."""

    task: Task
    due: str
    is_late: bool
    lacks: tuple[str, ...]
    ended: str
    confirmed: str
    evidence: tuple[Evidence, ...]
    ways: tuple[Way, ...]

    @property
    def mark(self) -> str:
        """The class that draws its mark: done, waived, or still open."""
        if self.task.state == Task.State.WAIVED:
            return "waived"
        return "" if self.task.state == Task.State.OPEN or self.lacks else "ok"


@dataclass
class PhaseTasks:
    """The tasks of one phase."""

    key: str
    label: str
    is_now: bool
    rows: list[TaskRow] = field(default_factory=list)

    @property
    def ended(self) -> int:
        """How many are over: waived, or done and confirmed where that is asked for."""
        return sum(bool(row.mark) for row in self.rows)


def rows(incident: Incident, *, by: Actor, now: datetime) -> dict[str, Any]:
    """Every task of the incident. Two queries, whatever their number."""
    phases = {key: PhaseTasks(key, label, key == incident.phase) for key, label in PHASES}
    for task in with_evidence(incident.tasks.order_by("position", "id")):
        task.incident = incident
        phases[task.phase].rows.append(row(task, by=by, now=now))
    return {"phases": [phase for phase in phases.values() if phase.rows]}


def with_evidence(tasks: Any) -> Any:
    """With the people and the evidence that a row names."""
    evidence = Prefetch("evidence", queryset=Evidence.objects.order_by("id"))
    return tasks.select_related("owner", "ended_by", "confirmed_by").prefetch_related(evidence)


def row(task: Task, *, by: Actor, now: datetime) -> TaskRow:
    """The task in words; its people, incident and evidence are read already."""
    evidence = tuple(task.evidence.all())
    is_open = task.state == Task.State.OPEN
    return TaskRow(
        task,
        due=moments.short(task.due_at, now) if task.due_at else "",
        is_late=bool(is_open and task.due_at and task.due_at < now),
        lacks=lacks(task, evidence),
        ended=moments.short(task.ended_at, now) if task.ended_at else "",
        confirmed=moments.short(task.confirmed_at, now) if task.confirmed_at else "",
        evidence=evidence,
        ways=tuple(_ways(task, by)),
    )


def lacks(task: Task, evidence: tuple[Evidence, ...]) -> tuple[str, ...]:
    """What is missing before it is over, beside the work itself."""
    found = []
    if task.state == Task.State.OPEN and task.needs_evidence and not evidence:
        found.append("evidence")
    if task.awaits_confirmation or (task.state == Task.State.OPEN and task.needs_second_person):
        found.append("a second person")
    return tuple(found)


def _ways(task: Task, by: Actor) -> list[Way]:
    return [Way(label, _url(task, action)) for action, label in WAYS if _offered(action, task, by)]


def _offered(action: Action, task: Task, by: Actor) -> bool:
    """A button that this person sees; nobody confirms what they did themselves."""
    is_own = action is dialogs.CONFIRM and task.ended_by_id == by.user_id
    return action.shown(task, by) and not is_own


def _url(task: Task, action: Action) -> str:
    return reverse("admin:cases_task_do", args=[task.pk, action.name])
