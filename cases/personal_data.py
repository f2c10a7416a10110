"""The decision whether it is a breach of personal data: a task as long as it is suspected.

Steps of use cases, which hold the lock of the incident.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import QuerySet

from cases import timeline
from cases.models import Classification, Entry, Incident, Task
from cases.regulation import standing
from incidentdesk.kernel import clocks
from incidentdesk.kernel.access import Actor

FLOOR = "personal_data"
TEXT = "Decide whether personal data is breached (GDPR): classify the incident"
WITHIN = timedelta(hours=24)  # of becoming aware; the authority is told within 72
_OPEN = Classification.Outcome.OPEN


def ask(incident: Incident, *, by: Actor, at: datetime) -> None:
    """Somebody has to decide, unless that was done or is asked already."""
    row = standing.newest(incident, Classification.Regime.GDPR)
    is_decided = row is not None and row.outcome != _OPEN
    if is_decided or not incident.is_open or _open_tasks(incident).exists():
        return
    due_at = max((incident.aware_at or incident.detected_at) + WITHIN, at + timedelta(hours=1))
    last = incident.tasks.filter(phase="containment").order_by("-position").first()
    Task.objects.create(
        incident=incident,
        phase="containment",
        position=last.position + 1 if last else 1,
        text=TEXT,
        due_at=due_at,
        due_set_at=at,
        remind_at=clocks.first_reminder(at, due_at),
    )
    words = f"Task added: {TEXT}. It is due {due_at:%-d %b %H:%M} UTC."
    timeline.record(incident, Entry.Kind.TASK, words, by=by, at=at)


def settle(incident: Incident, row: Classification, *, by: Actor, at: datetime) -> None:
    """What the decision does to the task: decided ends it, undecided asks for it."""
    if row.involvement_id is not None:
        return
    if row.outcome == _OPEN:
        ask(incident, by=by, at=at)
        return
    note = f"{row.get_regime_display()}: {row.words}. {row.reason}"
    for task in _open_tasks(incident):
        task.state, task.note = Task.State.DONE, note
        task.ended_at, task.ended_by_id, task.remind_at = at, by.person_id, None
        task.save(update_fields=["state", "note", "ended_at", "ended_by", "remind_at"])
        timeline.record(incident, Entry.Kind.TASK, f"Done: {TEXT}.", by=by, at=at)


def _open_tasks(incident: Incident) -> QuerySet[Task]:
    return incident.tasks.filter(text=TEXT, state=Task.State.OPEN)
