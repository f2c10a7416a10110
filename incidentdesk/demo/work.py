"""The work of a story: who has which task, the file that shows it, and the second person."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.core.files.base import ContentFile

from cases import evidence, tasks
from cases.models import Task

if TYPE_CHECKING:
    from incidentdesk.demo.life import Life


# Who gets the next open tasks of a phase, and in how many minutes each is due (None: no time).
SHARES = (("responder", 15), ("commander", 75), ("responder", 50), ("commander", None))
LEFT = 3  # tasks that end first and are given to nobody


def share_out(life: Life, phase: str, at: datetime) -> None:
    """Some tasks of the phase get an owner and a time."""
    rows = Task.objects.filter(incident_id=life.incident_id, phase=phase, state=Task.State.OPEN)
    people = {"responder": life.responder, "commander": life.commander}
    for task, (who, minutes) in zip(rows.order_by("position")[LEFT:], SHARES, strict=False):
        tasks.assign(
            incident_id=life.incident_id,
            task_id=task.pk,
            owner_id=people[who].user_id,
            due_at=at + timedelta(minutes=minutes) if minutes else None,
            by=life.commander,
            at=at,
        )


def attach(life: Life, ids: list[int], *, at: datetime) -> None:
    """A text file as evidence for each task that needs some."""
    for task in Task.objects.filter(pk__in=ids, needs_evidence=True).order_by("position"):
        text = (
            f"{task.text}\nDone in {task.get_phase_display()} of {life.story.title}, {at:%c} UTC.\n"
        )
        evidence.add(
            incident_id=life.incident_id,
            upload=ContentFile(text.encode(), name=f"{task.phase}-{task.position}.txt"),
            title=f"Log of: {task.text}"[:200],
            collector=life.responder.name,
            collected_at=at,
            tlp=life.story.tlp,
            task_id=task.pk,
            by=life.responder,
            at=at,
        )


def confirm(life: Life, ids: list[int], *, at: datetime) -> None:
    """The commander is the second person where a task asks for one."""
    for task in Task.objects.filter(pk__in=ids, needs_second_person=True).order_by("position"):
        tasks.confirm(
            incident_id=life.incident_id,
            task_id=task.pk,
            note="Looked at the log and the state.",
            by=life.commander,
            at=at,
        )
