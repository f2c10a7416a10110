"""Tasks: adding one and ending several on the incident; everything else stands at the task."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.db.models import Exists, OuterRef
from django.urls import reverse

from cases import tasks
from cases.admin.dialogs import fields
from cases.models import Evidence, Incident, Task
from cases.models.playbook import PHASES
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import Action, DeskForm, Done

_MAY = Permission.INCIDENT_RESPOND
DUE = "UTC. Empty: no time."


def _owner(label: str = "Owner") -> Any:
    return fields.person(label, _MAY, nobody="Nobody yet", help_text="Gets one mail about it.")


# --- on the incident ------------------------------------------------------------------------------


class AddTaskForm(DeskForm):
    """A task beside the playbook's."""

    text = forms.CharField(label="What is to be done", max_length=tasks.LENGTH)
    phase = forms.ChoiceField(label="Has to end before this phase does", choices=PHASES)
    owner = _owner()
    due_at = fields.moment("Due", required=False, help_text=DUE)
    needs_evidence = forms.BooleanField(label="Needs evidence", required=False)
    needs_second_person = forms.BooleanField(label="Needs a second person", required=False)
    is_partner_facing = forms.BooleanField(label="Faces a partner", required=False)

    def prepare(self) -> None:
        """The phase that it is in."""
        self.fields["phase"].initial = self.obj.phase


def _add(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    owner = data["owner"]
    tasks.add(
        incident_id=obj.pk,
        phase=data["phase"],
        text=data["text"],
        needs_evidence=data["needs_evidence"],
        needs_second_person=data["needs_second_person"],
        is_partner_facing=data["is_partner_facing"],
        owner_id=owner.pk if owner else None,
        due_at=data["due_at"],
        by=by,
        at=at,
    )
    return "The task is added."


class EndTasksForm(DeskForm):
    """Which tasks have ended, how, and what shows it."""

    tasks = fields.ticks("Tasks")
    state = forms.ChoiceField(
        label="They are",
        choices=[("done", "done"), ("waived", "waived: they need not be done here")],
        initial="done",
        widget=forms.RadioSelect,
    )
    note = fields.words("How it was done, or why it is waived", rows=3)

    def prepare(self) -> None:
        """The open tasks of the phase that it is in; all open ones where that has none."""
        proof = Exists(Evidence.objects.filter(task=OuterRef("pk")))
        rows = list(self.obj.tasks.filter(state=Task.State.OPEN).annotate(has_evidence=proof))
        asked = self.initial.get("tasks") or []
        asked = [asked] if isinstance(asked, str) else asked
        here = [task for task in rows if task.phase == self.obj.phase]
        shown = rows if asked or self.is_bound or not here else here
        self.fields["tasks"].choices = [  # type: ignore[attr-defined]
            (task.pk, _choice(task, task in here))
            for task in shown
            if not asked or str(task.pk) in asked
        ]
        if not rows:
            self.lead_in = "No task is open."


def _choice(task: Any, is_here: bool) -> str:
    """The task's words; its phase if that is another one, and what it lacks."""
    words = task.text if is_here else f"{task.get_phase_display()}: {task.text}"
    lacks = task.needs_evidence and not task.has_evidence
    return f"{words} (needs evidence first)" if lacks else words


def _end_many(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    return _end(obj.pk, data["tasks"], data["state"], data["note"], by, at)


def _end(incident_id: int, ids: list[int], state: str, note: str, by: Actor, at: datetime) -> str:
    count = tasks.end(incident_id=incident_id, task_ids=ids, state=state, note=note, by=by, at=at)
    return f"{count} task{'s are' if count > 1 else ' is'} {state}."


# --- at one task ----------------------------------------------------------------------------------


class TaskForm(DeskForm):
    """About one task. `stay` goes back to the list that the button stood in."""

    stay = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def prepare(self) -> None:
        """The task's words stand above the fields."""
        self.lead_in = self.obj.text


class DoneForm(TaskForm):
    """How it was done."""

    note = fields.words("How it was done", rows=3)

    def prepare(self) -> None:
        """Say beforehand what it needs."""
        super().prepare()
        needs = []
        if self.obj.needs_evidence and not self.obj.evidence.exists():
            needs.append("it needs evidence first: attach a file to the task")
        if self.obj.needs_second_person:
            needs.append("a second person confirms it afterwards")
        if needs:
            self.fields["note"].help_text = f"{'; '.join(needs).capitalize()}."


class WaiveForm(TaskForm):
    """Why it need not be done."""

    note = fields.words("Why it need not be done here", rows=3)


class AssignForm(TaskForm):
    """Whose it is and until when."""

    owner = _owner()
    due_at = fields.moment("Due", required=False, help_text=DUE)

    def prepare(self) -> None:
        """As it stands; a task that nobody has is offered to whoever opens the dialog."""
        super().prepare()
        self.fields["owner"].initial = self.obj.owner_id or self.actor.user_id
        self.fields["due_at"].initial = self.obj.due_at


class ConfirmForm(TaskForm):
    """What the second person looked at."""

    note = fields.words("What you looked at", rows=2, required=False)

    def prepare(self) -> None:
        """Who did it, and how."""
        super().prepare()
        self.lead_in = f"{self.obj.text}. Done by {self.obj.ended_by}: {self.obj.note}"


class ReopenForm(TaskForm):
    """Why it was not over after all."""

    reason = fields.words("Reason", rows=3, help_text="It goes on the timeline.")


def _said(obj: Task, data: Mapping[str, Any], words: str) -> Done:
    return Done(words, reverse("admin:cases_task_changelist") if data["stay"] else "")


def _done(obj: Task, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    words = _end(obj.incident_id, [obj.pk], Task.State.DONE, data["note"], by, at)
    if obj.needs_second_person:
        words = "The task is done; a second person confirms it."
    return _said(obj, data, words)


def _waive(obj: Task, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    words = _end(obj.incident_id, [obj.pk], Task.State.WAIVED, data["note"], by, at)
    return _said(obj, data, words)


def _assign(obj: Task, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    owner = data["owner"]
    task = tasks.assign(
        incident_id=obj.incident_id,
        task_id=obj.pk,
        owner_id=owner.pk if owner else None,
        due_at=fields.kept(obj.due_at, data["due_at"]),
        by=by,
        at=at,
    )
    return _said(obj, data, f"The task is for {task.owner}." if task.owner else "Nobody has it.")


def _confirm(obj: Task, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    tasks.confirm(incident_id=obj.incident_id, task_id=obj.pk, note=data["note"], by=by, at=at)
    return _said(obj, data, "The task is confirmed.")


def _reopen(obj: Task, data: Mapping[str, Any], *, by: Actor, at: datetime) -> Done:
    tasks.reopen(incident_id=obj.incident_id, task_id=obj.pk, reason=data["reason"], by=by, at=at)
    return _said(obj, data, "The task is open again.")


def _incident_open(incident: Incident) -> bool:
    return incident.is_open


def _is_open(task: Task) -> bool:
    return task.incident.is_open and task.state == Task.State.OPEN


def _is_done(task: Task) -> bool:
    return task.incident.is_open and task.awaits_confirmation


def _has_ended(task: Task) -> bool:
    return task.incident.is_open and task.state != Task.State.OPEN


ADD_TASK = Action(
    "add_task", "Add a task", _add, _MAY, AddTaskForm, submit="Add", applies=_incident_open
)
END_TASKS = Action(
    "end_tasks", "End tasks", _end_many, _MAY, EndTasksForm, submit="Save", applies=_incident_open
)
DONE = Action("done", "Task done", _done, _MAY, DoneForm, submit="Done", applies=_is_open)
WAIVE = Action("waive", "Waive a task", _waive, _MAY, WaiveForm, submit="Waive", applies=_is_open)
ASSIGN = Action(
    "assign", "Owner and time", _assign, _MAY, AssignForm, submit="Save", applies=_is_open
)
CONFIRM = Action(
    "confirm",
    "Confirm a task",
    _confirm,
    _MAY,
    ConfirmForm,
    intro="You are the second person: look at it yourself before you confirm.",
    submit="Confirm",
    applies=_is_done,
)
REOPEN = Action(
    "reopen", "Reopen a task", _reopen, _MAY, ReopenForm, submit="Reopen", applies=_has_ended
)
