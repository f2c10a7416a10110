"""Reports of partners, and their triage."""

from __future__ import annotations

from ninja import Router

from cases import queries
from cases.intake import reports
from cases.models import Report
from incidentdesk.api import fields, lists
from incidentdesk.api.calls import do
from incidentdesk.api.incidents import INCIDENT
from incidentdesk.api.shapes import Shape

router = Router(tags=["reports"])
ONE = "/reports/{report_id}"

REPORT = Shape(
    Report,
    "id partner=partner__code reference title description category=category__key happened_at"
    " certainty noticed_at reported_at reporter state answer incident_id triaged_at"
    " triaged_by=triaged_by__name",
)

lists.rows(
    router,
    "/reports",
    REPORT,
    queries.reports_visible_to,
    filters={
        "state": (lists.choice(Report._meta.get_field("state")), "state"),
        "partner": (fields.Word, "partner__code"),
    },
)
lists.row(router, ONE, REPORT)
do(router, "triage", f"{ONE}/accept", reports.accept, answer=INCIDENT)
do(router, "triage", f"{ONE}/attach", reports.attach, answer=INCIDENT)
do(router, "triage", f"{ONE}/decline", reports.decline, answer=REPORT)
