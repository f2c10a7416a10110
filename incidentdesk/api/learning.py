"""What reviews leave behind: controls and what is said of them, preventive actions, lessons, plans,
problem records, and what an issue tracker says of actions."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Q, Value
from ninja import Router

from incidentdesk.api import fields, lists
from incidentdesk.api.calls import do
from incidentdesk.api.shapes import Shape
from reviews import actions, controls, lessons, queries, recurrence, sheets, synchronising
from reviews.models import (
    Control,
    ControlCheck,
    Lesson,
    Plan,
    PlanItem,
    PreventiveAction,
    Problem,
)

router = Router(tags=["learning"])
REVIEW = "/reviews/{review_id}"
_SYSTEMS = ArrayAgg(
    "systems__name",
    distinct=True,
    filter=Q(systems__isnull=False),
    order_by="systems__name",
    default=Value([]),
)

CONTROL = Shape(
    Control,
    "id number title kind owner=owner__name owner_id description references review_on reviewed_on"
    " is_retired",
)
CHECK = Shape(
    ControlCheck,
    "id review_id incident=review__incident__reference control_id control=control__number name"
    " verdict note added_at",
)
LESSON = Shape(
    Lesson,
    "id review_id incident=review__incident__reference text tags category=category__key added_at",
    more={"systems": (_SYSTEMS, list[str])},
)
ACTION = Shape(
    PreventiveAction,
    "id review_id incident=review__incident__reference title kind priority owner=owner__name"
    " owner_id due_on control_id control=control__number document_id state note agreed_at ended_at"
    " ended_by=ended_by__name verified_at verified_by=verified_by__name evidence"
    " external_reference external_link",
)
PLAN = Shape(Plan, "id title begins_on ends_on owner=owner__name owner_id state closed_at")
ITEM = Shape(
    PlanItem,
    "id plan_id lesson_id lesson=lesson__text control_id control=control__number decision words"
    " decided_at decided_by=decided_by__name",
)
PROBLEM = Shape(
    Problem,
    "id reference title cause owner=owner__name owner_id state resolution opened_at resolved_at",
)


def _held(found: Any, incident_id: int, by: Any) -> Any:
    return found.filter(members__incident=incident_id)


lists.rows(
    router,
    "/controls",
    CONTROL,
    queries.controls_visible_to,
    filters={
        "number": (fields.Word, "number"),
        "is_retired": (bool, "is_retired"),
        "review_before": (fields.Day, "review_on__lt"),
    },
)
lists.row(router, "/controls/{control_id}", CONTROL)
lists.rows(router, "/controls/{control_id}/checks", CHECK, queries.checks_visible_to)
lists.rows(router, f"{REVIEW}/controls", CHECK, queries.checks_visible_to)
lists.rows(router, f"{REVIEW}/lessons", LESSON, queries.lessons_visible_to)
lists.rows(router, f"{REVIEW}/actions", ACTION, queries.actions_visible_to)
lists.rows(
    router,
    "/actions",
    ACTION,
    queries.actions_visible_to,
    filters={
        "state": (lists.choice(PreventiveAction._meta.get_field("state")), "state"),
        "kind": (lists.choice(PreventiveAction._meta.get_field("kind")), "kind"),
        "owner_id": (fields.PathId, "owner_id"),
        "control_id": (fields.PathId, "control_id"),
        "due_before": (fields.Day, "due_on__lt"),
    },
)
lists.row(router, "/actions/{action_id}", ACTION)
lists.rows(
    router,
    "/lessons",
    LESSON,
    queries.lessons_visible_to,
    filters={
        "tag": (fields.Word, lambda found, value, by: found.filter(tags__contains=[value])),
        "words": (fields.Word, lambda found, value, by: lessons.search(found, value)),
        "category": (fields.Word, "category__key"),
    },
)
lists.rows(
    router,
    "/plans",
    PLAN,
    queries.plans_visible_to,
    filters={"state": (lists.choice(Plan._meta.get_field("state")), "state")},
)
lists.rows(router, "/plans/{plan_id}/items", ITEM, queries.items_visible_to)
lists.rows(
    router,
    "/problems",
    PROBLEM,
    recurrence.problems_visible_to,
    filters={
        "state": (lists.choice(Problem._meta.get_field("state")), "state"),
        "incident_id": (fields.PathId, _held),
    },
)
lists.row(router, "/problems/{problem_id}", PROBLEM)

do(router, "registers", "/controls/import", sheets.import_controls, text=fields.File)
do(
    router,
    "review",
    f"{REVIEW}/controls",
    controls.add_check,
    answer=CHECK,
    makes=True,
    verdict=ControlCheck.Verdict,
)
do(router, "review", "/checks/{check_id}/remove", controls.remove_check)
do(router, "review", "/controls/{control_id}/look-over", controls.look_over, answer=CONTROL)
do(router, "review", f"{REVIEW}/lessons", lessons.add, answer=LESSON, makes=True)
do(router, "review", "/lessons/{lesson_id}/remove", lessons.remove)
do(
    router,
    "review",
    f"{REVIEW}/actions",
    actions.agree,
    answer=ACTION,
    makes=True,
    kind=PreventiveAction.Kind,
)
for _step in (
    actions.start,
    actions.finish,
    actions.verify,
    actions.send_back,
    actions.drop,
    actions.postpone,
):
    _name = _step.__name__.replace("_", "-")
    do(router, "review", f"/actions/{{action_id}}/{_name}", _step, answer=ACTION)
do(
    router,
    "track",
    "/actions/{action_id}/external",
    synchronising.note,
    answer=ACTION,
    state=["", *synchronising.MAY_SET],
)
