"""Evidence, fixes, recovery checks, reconciliations."""

from __future__ import annotations

from ninja import Router

from cases import evidence, fixes, queries, restoring
from cases.models import CustodyEvent, Evidence, Fix, Incident, Reconciliation, RecoveryCheck
from incidentdesk.api import fields, lists, sight
from incidentdesk.api.calls import do
from incidentdesk.api.incidents import INCIDENT
from incidentdesk.api.partners import INVOLVEMENT
from incidentdesk.api.shapes import Shape

router = Router(tags=["evidence, fixes, recovery"])
OF_ONE = "/incidents/{incident_id}"
PIECE, FIX_ONE = "/evidence/{evidence_id}", "/fixes/{fix_id}"

EVIDENCE = Shape(
    Evidence,
    "id incident_id title file_name size sha256 tlp collector collected_at added_at"
    " added_by=added_by__name task_id affected_system_id",
)
CUSTODY = Shape(CustodyEvent, "id evidence_id at action actor detail")
FIX = Shape(
    Fix,
    "id incident_id kind text change_reference test_evidence rollback_plan owner=owner__name"
    " owner_id expires_on state proposed_at proposed_by=proposed_by__name approved_at"
    " approved_by=approved_by__name replaced_by_id ended_at ended_by=ended_by__name ended_reason",
)
CHECK = Shape(
    RecoveryCheck, "id incident_id name passed result checked_at checked_by=checked_by__name"
)
RECONCILIATION = Shape(
    Reconciliation,
    "id incident_id what compared differences listed done_at done_by=done_by__name",
)

lists.rows(router, f"{OF_ONE}/evidence", EVIDENCE, queries.evidence_visible_to)
lists.row(router, PIECE, EVIDENCE)
lists.rows(router, f"{PIECE}/custody", CUSTODY, sight.register(CustodyEvent), oldest_first=True)
lists.rows(router, f"{OF_ONE}/fixes", FIX, queries.fixes_visible_to)
lists.rows(
    router,
    "/fixes",
    FIX,
    queries.fixes_visible_to,
    filters={
        "state": (lists.choice(Fix._meta.get_field("state")), "state"),
        "expires_before": (fields.Day, "expires_on__lt"),
    },
)
lists.rows(router, f"{OF_ONE}/checks", CHECK, sight.of_incident(RecoveryCheck))
lists.rows(router, f"{OF_ONE}/reconciliations", RECONCILIATION, sight.of_incident(Reconciliation))
do(
    router,
    "respond",
    f"{OF_ONE}/evidence",
    evidence.add,
    answer=EVIDENCE,
    makes=True,
    upload="upload",
    tlp=Incident.Tlp,
)
do(router, "read", f"{PIECE}/open-file", evidence.open_file)
do(router, "respond", f"{PIECE}/verify", evidence.verify)
do(router, "respond", f"{PIECE}/attach", evidence.attach, answer=EVIDENCE)
do(router, "read", f"{OF_ONE}/evidence/export", evidence.export)
do(router, "respond", f"{OF_ONE}/fixes", fixes.propose, answer=FIX, makes=True, kind=Fix.Kind)
do(router, "approve", f"{FIX_ONE}/approve", fixes.approve, answer=FIX)
do(router, "respond", f"{FIX_ONE}/withdraw", fixes.withdraw, answer=FIX)
do(router, "respond", f"{FIX_ONE}/replace", fixes.replace, answer=FIX)
do(router, "accept", f"{FIX_ONE}/accept", fixes.accept, answer=FIX)
do(router, "respond", f"{OF_ONE}/checks", restoring.record_check, answer=CHECK, makes=True)
do(
    router,
    "respond",
    f"{OF_ONE}/reconciliations",
    restoring.reconcile,
    answer=RECONCILIATION,
    makes=True,
)
do(
    router,
    "respond",
    f"{OF_ONE}/partners/{{involvement_id}}/confirm",
    restoring.confirm_partner,
    answer=INVOLVEMENT,
)
do(
    router,
    "command",
    f"{OF_ONE}/record-residual-exposure",
    restoring.record_residual_exposure,
    answer=INCIDENT,
)
