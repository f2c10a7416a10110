"""Tasks of incidents."""

from __future__ import annotations

from ninja import Router

from cases import queries, tasks
from cases.models import Task
from cases.models.playbook import PHASES
from incidentdesk.api import fields, lists
from incidentdesk.api.calls import do
from incidentdesk.api.shapes import Shape

router = Router(tags=["tasks"])

TASK = Shape(
    Task,
    "id incident_id incident=incident__reference phase position text needs_evidence"
    " needs_second_person is_partner_facing owner=owner__name owner_id due_at state note ended_at"
    " ended_by=ended_by__name confirmed_at confirmed_by=confirmed_by__name",
)
FILTERS: dict[str, lists.Filter] = {
    "state": (lists.choice(Task._meta.get_field("state")), "state"),
    "phase": (lists.choice(Task._meta.get_field("phase")), "phase"),
    "owner_id": (fields.PathId, "owner_id"),
}
PHASE_KEYS = [key for key, _ in PHASES]
OF_ONE = "/incidents/{incident_id}/tasks"

lists.rows(router, "/tasks", TASK, queries.tasks_visible_to, filters=FILTERS)
lists.rows(router, OF_ONE, TASK, queries.tasks_visible_to, filters=FILTERS)
do(router, "respond", OF_ONE, tasks.add, answer=TASK, makes=True, phase=PHASE_KEYS)
do(router, "respond", f"{OF_ONE}/end", tasks.end, state=["done", "waived"])
do(router, "respond", f"{OF_ONE}/{{task_id}}/assign", tasks.assign, answer=TASK)
do(router, "respond", f"{OF_ONE}/{{task_id}}/confirm", tasks.confirm, answer=TASK)
do(router, "respond", f"{OF_ONE}/{{task_id}}/reopen", tasks.reopen, answer=TASK)
