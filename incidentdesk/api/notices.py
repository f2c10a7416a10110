"""Notices: what partners are told."""

from __future__ import annotations

from ninja import Router

from cases import notices, queries
from cases.models import Incident, Notice, NoticeCopy, NoticeTemplate, Receipt
from incidentdesk.api import fields, lists, sight
from incidentdesk.api.calls import do
from incidentdesk.api.shapes import Shape
from reviews import reporting

router = Router(tags=["notices"])
ONE = "/notices/{notice_id}"
OF_INCIDENT = "/incidents/{incident_id}/notices"

NOTICE = Shape(
    Notice,
    "id incident_id incident=incident__reference kind state body tlp next_update_at drafted_at"
    " drafted_by=drafted_by__name drafted_by_id approved_at approved_by=approved_by__name sent_at"
    " sent_by=sent_by__name replaces_id emergency_reason",
)
COPY = Shape(
    NoticeCopy,
    "id notice_id involvement_id partner=partner__code body is_own contact_ids sent_at"
    " acknowledged_at acknowledged_by",
)
RECEIPT = Shape(Receipt, "id copy_id partner=copy__partner__code name opened_at acknowledged_at")
TEMPLATE = Shape(NoticeTemplate, "id kind category=category__key body")
FILTERS: dict[str, lists.Filter] = {
    "state": (lists.choice(Notice._meta.get_field("state")), "state"),
    "kind": (lists.choice(Notice._meta.get_field("kind")), "kind"),
    "drafted_from": (fields.Moment, "drafted_at__gte"),
}

lists.rows(router, "/notices", NOTICE, queries.notices_visible_to, filters=FILTERS)
lists.rows(router, OF_INCIDENT, NOTICE, queries.notices_visible_to, filters=FILTERS)
lists.row(router, ONE, NOTICE)
lists.rows(router, f"{ONE}/copies", COPY, sight.of_incident(NoticeCopy, "notice__incident"))
do(
    router,
    "notify",
    OF_INCIDENT,
    notices.draft,
    answer=NOTICE,
    makes=True,
    kind=Notice.Kind,
    tlp=Incident.Tlp,
)
do(router, "notify", "/reviews/{review_id}/report", reporting.draft, answer=NOTICE, makes=True)
do(router, "notify", f"{ONE}/edit", notices.edit, answer=NOTICE)
do(router, "notify", f"{ONE}/withdraw", notices.withdraw, answer=NOTICE)
do(router, "approve", f"{ONE}/approve", notices.approve, answer=NOTICE)
do(router, "notify", f"{ONE}/send", notices.send, answer=NOTICE)
do(router, "command", f"{ONE}/send-in-emergency", notices.send_in_emergency, answer=NOTICE)
lists.rows(
    router,
    f"{ONE}/receipts",
    RECEIPT,
    sight.of_incident(Receipt, "copy__notice__incident"),
    within=lambda rows, parent: rows.filter(copy__notice_id=parent["notice_id"]),
)
lists.rows(router, "/notice-templates", TEMPLATE, sight.register(NoticeTemplate))
