"""What is exchanged with partners: requests, answers, threads, and the files of both."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from ninja import Router

from cases import correspondence, files, requests, thread
from cases.models import Procedure, Remark, Request, RequestStep, SharedFile
from incidentdesk.api import fields, lists
from incidentdesk.api.calls import do
from incidentdesk.api.shapes import Shape
from incidentdesk.kernel import clocks
from incidentdesk.kernel.access import Actor

router = Router(tags=["requests"])
ONE = "/requests/{request_id}"
OF_INCIDENT = "/incidents/{incident_id}/requests"

REQUEST = Shape(
    Request,
    "id incident_id=involvement__incident_id involvement_id partner=partner__code reference"
    " question why state asked_at asked_by=asked_by__name due_at answered_at was_late"
    " extension_until extension_reason settled_at settled_by=settled_by__name",
)
STEP = Shape(RequestStep, "id request_id kind text until at is_ours author user=user__name")
FILE = Shape(
    SharedFile, "id partner=partner__code name size sha256 added_at step_id remark_id procedure_id"
)
PROCEDURE = Shape(
    Procedure,
    "id partner=partner__code reference title version scope link valid_until attested_by kept_at"
    " keeper ended_at",
)
REMARK = Shape(
    Remark,
    "id incident_id=involvement__incident_id involvement_id partner=partner__code text at is_ours"
    " author user=user__name seen_at seen_by=seen_by__name",
)


def _overdue(found: QuerySet[Any], value: bool, by: Actor) -> QuerySet[Any]:
    late = correspondence.overdue_requests(by, clocks.now()).values("pk")
    return found.filter(pk__in=late) if value else found.exclude(pk__in=late)


def _of_incident(found: QuerySet[Any], within: dict[str, int]) -> QuerySet[Any]:
    return found.filter(involvement__incident_id=within["incident_id"])


FILTERS: dict[str, lists.Filter] = {
    "state": (lists.choice(Request._meta.get_field("state")), "state"),
    "partner": (fields.Word, "partner__code"),
    "overdue": (bool, _overdue),
}

seen = correspondence.requests_visible_to
lists.rows(router, "/requests", REQUEST, seen, filters=FILTERS)
lists.rows(router, OF_INCIDENT, REQUEST, seen, filters=FILTERS, within=_of_incident)
lists.row(router, ONE, REQUEST)
lists.rows(router, f"{ONE}/steps", STEP, correspondence.steps_visible_to, oldest_first=True)
lists.rows(
    router,
    "/procedures",
    PROCEDURE,
    correspondence.procedures_visible_to,
    filters={
        "partner": (fields.Word, "partner__code"),
        "valid_before": (fields.Day, "valid_until__lt"),
        "ended": (bool, lists.is_set("ended_at")),
    },
)
lists.rows(router, "/files", FILE, correspondence.files_visible_to)
do(
    router,
    "notify",
    OF_INCIDENT,
    requests.ask,
    answer=REQUEST,
    makes=True,
    without={"uploads"},
)
do(router, "notify", f"{ONE}/ask-again", requests.ask_again, answer=REQUEST, without={"uploads"})
do(router, "notify", f"{ONE}/decide-on-time", requests.decide_on_time, answer=REQUEST)
do(router, "notify", f"{ONE}/accept", requests.accept, answer=REQUEST)
do(router, "notify", f"{ONE}/withdraw", requests.withdraw, answer=REQUEST)
lists.rows(
    router,
    "/incidents/{incident_id}/threads",
    REMARK,
    correspondence.remarks_visible_to,
    within=_of_incident,
)
THREAD = "/incidents/{incident_id}/partners/{involvement_id}"
do(
    router,
    "notify",
    f"{THREAD}/write",
    thread.write,
    answer=REMARK,
    makes=True,
    without={"uploads"},
)
do(router, "notify", f"{THREAD}/need-no-answer", thread.need_no_answer)
do(router, "read", "/files/{file_id}/open-file", files.open_file)
