"""Who does what on an incident, who may open it, what it is made of; playbooks and the matrix."""

from __future__ import annotations

from ninja import Router

from cases import correcting, crew, evaluation, playbooks, queries, restriction, splitting, waivers
from cases.models import Assignment, Playbook, SeverityMatrix, Waiver
from cases.models.moment import MOMENTS
from incidentdesk.api import fields, lists, sight
from incidentdesk.api.calls import do
from incidentdesk.api.incidents import ENTRY, INCIDENT, ONE
from incidentdesk.api.shapes import Shape

router = Router(tags=["crew"])
OFFER = "/assignments/{assignment_id}"

ASSIGNMENT = Shape(
    Assignment,
    "id incident_id role user=user__name user_id note offered_at offered_by=offered_by__name"
    " accepted_at ended_at",
)
WAIVER = Shape(Waiver, "id incident_id gate reason waived_at waived_by=waived_by__name")
MATRIX = Shape(SeverityMatrix, "id cells in_force_at reason changed_by=changed_by__name")
PLAYBOOK = Shape(Playbook, "id category=category__key")

lists.rows(router, f"{ONE}/assignments", ASSIGNMENT, sight.of_incident(Assignment))
lists.rows(router, f"{ONE}/waivers", WAIVER, sight.of_incident(Waiver))
lists.rows(router, "/severity-matrices", MATRIX, sight.register(SeverityMatrix))
lists.rows(router, "/playbooks", PLAYBOOK, queries.playbooks_visible_to)
do(
    router,
    "respond",
    f"{ONE}/assignments",
    crew.assign,
    answer=ASSIGNMENT,
    makes=True,
    role=Assignment.Role,
)
do(
    router,
    "respond",
    f"{ONE}/hand-over",
    crew.hand_over,
    answer=ASSIGNMENT,
    without={"takes_over"},
    role=Assignment.Role,
)
do(router, "command", f"{ONE}/ask-to-command", crew.ask_to_command, answer=ASSIGNMENT)
do(router, "respond", f"{OFFER}/accept", crew.accept, answer=ASSIGNMENT)
do(router, "respond", f"{OFFER}/decline", crew.decline, answer=ASSIGNMENT)
do(router, "respond", f"{OFFER}/leave", crew.leave, answer=ASSIGNMENT)
do(router, "command", f"{ONE}/restrict", restriction.restrict, answer=INCIDENT)
do(router, "command", f"{ONE}/admit", restriction.admit, answer=INCIDENT)
do(router, "command", f"{ONE}/exclude", restriction.exclude, answer=INCIDENT)
do(router, "command", f"{ONE}/lift-restriction", restriction.lift, answer=INCIDENT)
do(router, "command", f"{ONE}/split", splitting.split, answer=INCIDENT, makes=True)
do(router, "command", f"{ONE}/waive", waivers.waive, answer=WAIVER, makes=True, gate=fields.Key)
do(router, "respond", f"{ONE}/correct", correcting.correct, answer=ENTRY, makes=True)
do(router, "command", f"{ONE}/blank", correcting.blank, answer=ENTRY)
do(
    router,
    "respond",
    f"{ONE}/correct-time",
    evaluation.correct_time,
    answer=INCIDENT,
    name=[key for key, _ in MOMENTS],
)
do(router, "registers", "/severity-matrices", evaluation.change_matrix, answer=MATRIX, makes=True)
do(
    router,
    "registers",
    "/categories/{category_id}/start-draft",
    playbooks.start_draft,
    answer=PLAYBOOK,
    makes=True,
)
do(router, "registers", "/playbooks/{playbook_id}/publish", playbooks.publish, answer=PLAYBOOK)
do(router, "registers", "/playbooks/{playbook_id}/discard-draft", playbooks.discard_draft)
