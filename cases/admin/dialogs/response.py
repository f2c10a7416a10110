"""What responders do between the moves: updates, tasks, systems, the cause, recovery, alerts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms

from cases import response
from cases.admin.dialogs import fields
from cases.models import AffectedSystem, Incident, System, Task
from cases.models.task import PHASES
from incidentdesk.kernel import clocks
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.dialogs import Action, DeskForm

State = AffectedSystem.State


class UpdateForm(DeskForm):
    """What happened."""

    text = fields.words("Update", help_text="What happened, what was done, what is next.")


def _post_update(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    response.post_update(incident_id=obj.pk, text=data["text"], by=by, at=at)
    return "The update is on the timeline."


class AddTaskForm(DeskForm):
    """A task beside the playbook's."""

    text = forms.CharField(label="What is to be done", max_length=300)
    phase = forms.ChoiceField(label="Has to end before this phase does", choices=PHASES)

    def prepare(self) -> None:
        """The phase that it is in."""
        self.fields["phase"].initial = self.obj.phase


def _add_task(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    response.add_task(incident_id=obj.pk, phase=data["phase"], text=data["text"], by=by, at=at)
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
        rows = list(self.obj.tasks.filter(state=Task.State.OPEN))
        asked = self.initial.get("tasks") or []
        asked = [asked] if isinstance(asked, str) else asked
        here = [task for task in rows if task.phase == self.obj.phase]
        shown = rows if asked or self.is_bound or not here else here
        phases = dict(PHASES)
        self.fields["tasks"].choices = [  # type: ignore[attr-defined]
            (task.pk, task.text if task in here else f"{phases[task.phase]}: {task.text}")
            for task in shown
            if not asked or str(task.pk) in asked
        ]
        if not rows:
            self.lead_in = "No task is open."


def _end_tasks(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    count = response.end_tasks(
        incident_id=obj.pk,
        task_ids=data["tasks"],
        state=data["state"],
        note=data["note"],
        by=by,
        at=at,
    )
    return f"{count} task{'s are' if count > 1 else ' is'} {data['state']}."


class AddSystemForm(DeskForm):
    """Which system is affected."""

    system = forms.ModelChoiceField(System.objects.none(), label="System", empty_label="Choose…")

    def prepare(self) -> None:
        """Systems of the register that are not listed yet."""
        listed = self.obj.systems.values("system_id")
        systems = System.objects.filter(is_active=True).exclude(pk__in=listed)
        self.fields["system"].queryset = systems  # type: ignore[attr-defined]


def _add_system(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    response.add_system(incident_id=obj.pk, system_id=data["system"].pk, by=by, at=at)
    return f"{data['system']} is listed."


class ChangeSystemForm(DeskForm):
    """Which system, and the proof."""

    affected = forms.TypedChoiceField(label="System", coerce=int)
    how = fields.words("How", rows=3, help_text="The proof: what was done, where it shows.")
    before: tuple[str, ...] = ()

    def prepare(self) -> None:
        """The systems that this can be said of."""
        rows = self.obj.systems.select_related("system").filter(state__in=self.before)
        self.fields["affected"].choices = [(row.pk, row.system.name) for row in rows]  # type: ignore[attr-defined]


class IsolateForm(ChangeSystemForm):
    """Systems that are affected can be isolated."""

    before = (State.AFFECTED,)


class RestoreForm(ChangeSystemForm):
    """Systems that are not restored can be restored."""

    before = (State.AFFECTED, State.ISOLATED)


def _change(state: str, obj: Incident, data: Mapping[str, Any], by: Actor, at: datetime) -> str:
    affected = response.change_system(
        incident_id=obj.pk, affected_id=data["affected"], state=state, how=data["how"], by=by, at=at
    )
    return f"{affected.system} is {state}."


def _isolate(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    return _change(State.ISOLATED, obj, data, by, at)


def _restore(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    return _change(State.RESTORED, obj, data, by, at)


class CauseForm(DeskForm):
    """The cause as far as it is known."""

    cause = fields.words("The cause, or the best hypothesis so far")

    def prepare(self) -> None:
        """What was written before."""
        self.fields["cause"].initial = self.obj.cause


def _record_cause(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    response.record_cause(incident_id=obj.pk, cause=data["cause"], by=by, at=at)
    return "The cause is recorded."


class RecoveredForm(DeskForm):
    """When service was back."""

    recovered_at = fields.moment(
        "Recovered at", help_text="UTC. Service at its former level, delayed work included."
    )

    def prepare(self) -> None:
        """What is recorded, or when the last alert cleared, or now."""
        known = self.obj.recovered_at or self.obj.recovery_proposed_at
        self.fields["recovered_at"].initial = known or clocks.now()


def _recovered(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    shown = obj.recovered_at or obj.recovery_proposed_at
    recovered = fields.kept(shown, data["recovered_at"]) or data["recovered_at"]
    response.record_recovery(incident_id=obj.pk, recovered_at=recovered, by=by, at=at)
    return f"Recovered at {recovered:%H:%M} UTC on {recovered:%d %b}."


class ReasonForm(DeskForm):
    """Why."""

    reason = fields.words("Reason", rows=3, help_text="It goes on the timeline.")


def _clear_alerts(obj: Incident, data: Mapping[str, Any], *, by: Actor, at: datetime) -> str:
    count = response.clear_alerts(incident_id=obj.pk, reason=data["reason"], by=by, at=at)
    return f"{count} alert{'s are' if count > 1 else ' is'} cleared."


def _open(incident: Incident) -> bool:
    return incident.is_open


_MAY = Permission.INCIDENT_RESPOND
POST_UPDATE = Action("post_update", "Post update", _post_update, _MAY, UpdateForm, submit="Post")
ADD_TASK = Action(
    "add_task", "Add a task", _add_task, _MAY, AddTaskForm, submit="Add", applies=_open
)
END_TASKS = Action(
    "end_tasks", "End tasks", _end_tasks, _MAY, EndTasksForm, submit="Save", applies=_open
)
ADD_SYSTEM = Action(
    "add_system", "List a system", _add_system, _MAY, AddSystemForm, submit="List", applies=_open
)
ISOLATE = Action(
    "isolate", "Isolate a system", _isolate, _MAY, IsolateForm, submit="Isolated", applies=_open
)
RESTORE = Action(
    "restore", "Restore a system", _restore, _MAY, RestoreForm, submit="Restored", applies=_open
)
RECORD_CAUSE = Action(
    "record_cause", "Record the cause", _record_cause, _MAY, CauseForm, submit="Save", applies=_open
)
RECOVERED = Action(
    "recovered", "Service recovered", _recovered, _MAY, RecoveredForm, submit="Save", applies=_open
)
CLEAR_ALERTS = Action(
    "clear_alerts",
    "Clear alerts",
    _clear_alerts,
    Permission.INCIDENT_COMMAND,
    ReasonForm,
    intro="Every alert that still fires is let go.",
    submit="Clear",
    applies=_open,
)
