"""Partners: the register with its contacts, and what an incident means for each."""

from __future__ import annotations

from ninja import Router

from cases import deciding, disclosure
from cases.models import Involvement
from incidentdesk.api import fields, lists, sight
from incidentdesk.api.calls import do
from incidentdesk.api.shapes import Shape
from partners import sheets
from partners.models import Contact, Partner, Terms

router = Router(tags=["partners"])

PARTNER = Shape(Partner, "id name code kind is_active")
CONTACT = Shape(
    Contact,
    "id partner=partner__code partner_id name email phone title gets_notices is_active",
)
TERMS = Shape(
    Terms,
    "id partner=partner__code partner_id notice_sev1 notice_sev2 notice_sev3 notice_sev4"
    " acknowledge_minutes mail_carries facts_initial_hours facts_interim_hours facts_final_days"
    " regimes",
)
INVOLVEMENT = Shape(
    Involvement,
    "id incident_id partner=partner__code partner_id reference title meaning severity started_at"
    " phase added_at disclosed_at disclosed_by=disclosed_by__name recovery_confirmed_at"
    " recovery_confirmed_by decision decision_reason decided_at decided_by=decided_by__name",
)
OF_ONE = "/incidents/{incident_id}/partners"

lists.rows(
    router,
    "/partners",
    PARTNER,
    sight.register(Partner),
    filters={"code": (fields.Word, "code"), "is_active": (bool, "is_active")},
)
lists.row(router, "/partners/{partner_id}", PARTNER)
lists.rows(
    router,
    "/partners/{partner_id}/contacts",
    CONTACT,
    sight.register(Contact),
    filters={"is_active": (bool, "is_active")},
)
lists.rows(router, "/partners/{partner_id}/terms", TERMS, sight.register(Terms))
do(router, "registers", "/partners/import", sheets.import_partners, text=fields.File)
do(router, "registers", "/terms/import", sheets.import_terms, text=fields.File)
do(router, "registers", "/contacts/import", sheets.import_contacts, text=fields.File)
lists.rows(router, OF_ONE, INVOLVEMENT, sight.of_incident(Involvement))
do(router, "notify", OF_ONE, disclosure.add_partner, answer=INVOLVEMENT, makes=True)
do(
    router,
    "notify",
    f"{OF_ONE}/{{involvement_id}}/edit",
    disclosure.edit_involvement,
    answer=INVOLVEMENT,
)
do(
    router,
    "notify",
    f"{OF_ONE}/{{involvement_id}}/disclose",
    disclosure.disclose,
    answer=INVOLVEMENT,
)
do(router, "command", f"{OF_ONE}/decide", deciding.decide, choice=Involvement.Decision)
