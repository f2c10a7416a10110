"""Incidents: declaring, evaluating, moving, and the story so far."""

from __future__ import annotations

from typing import Annotated, Any

from django.db.models import Q, QuerySet
from ninja import Router
from pydantic import Field

from cases import evaluation, queries, response, search, workflow
from cases.models import (
    Classification,
    Deadline,
    Entry,
    Incident,
    Move,
    RegulatoryClock,
    Statement,
)
from cases.models.regulation import ANCHORS
from cases.regulation import outcomes
from incidentdesk.api import fields, lists, sight
from incidentdesk.api.calls import do
from incidentdesk.api.lists import is_set
from incidentdesk.api.shapes import Shape
from incidentdesk.kernel import clocks
from incidentdesk.kernel.access import Actor
from notifications.models import Escalation, Message
from reviews import workflow as review_workflow
from reviews.models import Review

router = Router(tags=["incidents"])
ONE = "/incidents/{incident_id}"

INCIDENT = Shape(
    Incident,
    "id reference title description category=category__key phase severity severity_override"
    " severity_reason impact scope urgency floors tlp is_exercise is_restricted"
    " detection detected_by opened_at occurred_at detected_at aware_at acknowledged_at"
    " acknowledged_by=acknowledged_by__name confirmed_at contained_at recovery_proposed_at"
    " recovered_at resolved_at over_at commander=commander__name commander_id cause"
    " residual_exposure dismissal duplicate_of=duplicate_of__reference"
    " split_from=split_from__reference",
)
ENTRY = Shape(
    Entry,
    "id incident_id sequence at recorded_at kind actor partner=partner__code body salt body_digest"
    " previous_hash hash",
)
MOVE = Shape(Move, "id incident_id at from_phase to_phase reason actor")
STATEMENT = Shape(Statement, "id incident_id key text signed_at signed_by=signed_by__name")
DEADLINE = Shape(
    Deadline,
    "id incident_id incident=incident__reference severity=incident__severity kind anchor_at due_at"
    " met_at is_dropped partner=involvement__partner__code",
)
CLASSIFICATION = Shape(
    Classification,
    "id incident_id partner=partner__code regime inputs outcome articles criteria undecided"
    " is_estimate reason decided_at decided_by=decided_by__name",
)
CLOCK = Shape(
    RegulatoryClock,
    "id incident_id incident=incident__reference involvement_id partner=involvement__partner__code"
    " rule_key=rule__key rule=rule__title regime=rule__regime__code source=rule__source anchor_at"
    " due_at outcome met_at reference reason recorded_at recorded_by=recorded_by__name",
)
ESCALATION = Shape(
    Escalation,
    "id reference title severity category path=path__name state started_at next_action_at"
    " acknowledged_at acknowledged_by",
)
MESSAGE = Shape(
    Message,
    "id about kind channel to_address subject is_page state created_at next_try_at attempts sent_at"
    " last_error",
)
REVIEW_OPENED = Shape(Review, "id incident_id state opened_at", name="ReviewOpened")


def _open(found: Any, value: bool, by: Actor) -> Any:
    return found.open() if value else found.exclude(pk__in=found.open())


def _mine(found: QuerySet[Any], value: bool, by: Actor) -> QuerySet[Any]:
    return found.filter(commander_id=by.user_id) if value else found.exclude(commander=by.user_id)


def _overdue(found: QuerySet[Any], value: bool, by: Actor) -> QuerySet[Any]:
    late = search.overdue(found, clocks.now())
    return late if value else found.exclude(pk__in=late.values("pk"))


def _running(found: QuerySet[Any], value: bool, by: Actor) -> QuerySet[Any]:
    running = Q(met_at=None, is_dropped=False)
    return found.filter(running if value else ~running)


def about(found: QuerySet[Any], within: dict[str, int]) -> QuerySet[Any]:
    """What the post office holds about an incident."""
    return found.filter(about=f"incident:{within['incident_id']}")


lists.rows(
    router,
    "/incidents",
    INCIDENT,
    queries.visible_to,
    filters={
        "open": (bool, _open),
        "mine": (bool, _mine),
        "overdue": (bool, _overdue),
        "phase": (lists.choice(Incident._meta.get_field("phase")), "phase"),
        "severity": (Annotated[int, Field(ge=1, le=4)], "severity"),
        "category": (fields.Word, "category__key"),
        "commander_id": (fields.PathId, "commander_id"),
        "partner": (fields.Word, lambda found, value, by: search.of_partner(found, value)),
        "system": (fields.Word, lambda found, value, by: search.of_system(found, value)),
        "reference": (fields.Word, "reference"),
        "opened_from": (fields.Moment, "opened_at__gte"),
        "opened_before": (fields.Moment, "opened_at__lt"),
        "q": (fields.Word, lambda found, value, by: search.narrow(found, value, actor=by)[0]),
    },
)
lists.row(router, ONE, INCIDENT)
lists.rows(router, f"{ONE}/classifications", CLASSIFICATION, sight.of_incident(Classification))
lists.rows(
    router,
    f"{ONE}/timeline",
    ENTRY,
    sight.of_incident(Entry),
    oldest_first=True,
    filters={
        "kind": (lists.choice(Entry._meta.get_field("kind")), "kind"),
        "after": (fields.PathId, "sequence__gt"),
    },
    doc="Oldest first; `after` is the sequence number of the last entry that you have.",
)
lists.rows(router, f"{ONE}/moves", MOVE, sight.of_incident(Move), oldest_first=True)
lists.rows(router, f"{ONE}/statements", STATEMENT, sight.of_incident(Statement), oldest_first=True)
lists.rows(router, f"{ONE}/deadlines", DEADLINE, sight.of_incident(Deadline))
lists.rows(
    router,
    "/deadlines",
    DEADLINE,
    sight.of_incident(Deadline),
    filters={
        "running": (bool, _running),
        "kind": (lists.choice(Deadline._meta.get_field("kind")), "kind"),
        "due_before": (fields.Moment, "due_at__lt"),
        "met": (bool, is_set("met_at")),
    },
)
lists.rows(router, f"{ONE}/clocks", CLOCK, sight.of_incident(RegulatoryClock))
lists.rows(
    router,
    "/clocks",
    CLOCK,
    queries.clocks_visible_to,
    filters={
        "open": (
            bool,
            lambda found, value, by: (
                found.filter(outcome="") if value else found.exclude(outcome="")
            ),
        ),
        "regime": (fields.Word, "rule__regime__code"),
        "partner": (fields.Word, "involvement__partner__code"),
        "due_before": (fields.Moment, "due_at__lt"),
    },
)
lists.rows(router, f"{ONE}/escalations", ESCALATION, sight.register(Escalation), within=about)
lists.rows(router, f"{ONE}/messages", MESSAGE, sight.register(Message), within=about)

do(
    router,
    "respond",
    "/incidents",
    workflow.open_incident,
    answer=INCIDENT,
    makes=True,
    without={"category_key", "is_restricted", "split_from_id"},
    detection=Incident.Detection,
)
do(router, "respond", f"{ONE}/acknowledge", workflow.acknowledge)
do(
    router,
    "respond",
    f"{ONE}/evaluate",
    evaluation.evaluate,
    answer=INCIDENT,
    tlp=Incident.Tlp,
    floors=fields.Key,
)
do(
    router,
    "respond",
    f"{ONE}/override-severity",
    evaluation.override_severity,
    answer=INCIDENT,
)
do(router, "respond", f"{ONE}/post-update", response.post_update, answer=ENTRY, makes=True)
do(router, "respond", f"{ONE}/record-cause", response.record_cause, answer=INCIDENT)
do(router, "respond", f"{ONE}/record-recovery", response.record_recovery, answer=INCIDENT)
do(router, "respond", f"{ONE}/page", response.page)
do(router, "command", f"{ONE}/take-command", workflow.take_command, answer=INCIDENT)
do(router, "command", f"{ONE}/begin-containment", workflow.begin_containment, answer=INCIDENT)
do(router, "command", f"{ONE}/begin-mitigation", workflow.begin_mitigation, answer=INCIDENT)
do(router, "command", f"{ONE}/begin-recovery", workflow.begin_recovery, answer=INCIDENT)
do(router, "command", f"{ONE}/begin-review", review_workflow.begin, answer=REVIEW_OPENED)
do(router, "command", f"{ONE}/sign", response.sign, answer=STATEMENT, makes=True, key=fields.Key)
do(
    router,
    "command",
    f"{ONE}/record-outcome",
    outcomes.record,
    answer=CLOCK,
    kind=RegulatoryClock.Outcome,
)
do(router, "command", "/clocks/{clock_id}/take-back", outcomes.take_back)
do(
    router,
    "command",
    f"{ONE}/record-anchor",
    outcomes.record_anchor,
    name=[name for name, _ in ANCHORS],
)
do(router, "command", f"{ONE}/clear-alerts", response.clear_alerts)
do(router, "command", f"{ONE}/dismiss", workflow.dismiss, answer=INCIDENT)
do(router, "command", f"{ONE}/reopen", workflow.reopen, answer=INCIDENT)
do(router, "command", f"{ONE}/step-back", workflow.step_back, answer=INCIDENT)
do(router, "approve", f"{ONE}/close", workflow.close, answer=INCIDENT)
