"""A procedure is its partner's own, and the portal reads what is its own."""

from django.db import migrations

from incidentdesk.kernel import database

PROCEDURE_COLUMNS = (
    "id",
    "partner_id",
    "reference",
    "title",
    "version",
    "scope",
    "link",
    "valid_until",
    "attested_by",
    "kept_at",
    "keeper",
    "ended_at",
)

SAME_PARTNER = """
CREATE TRIGGER same_partner BEFORE INSERT ON cases_procedure FOR EACH ROW
    EXECUTE FUNCTION cases_same_partner('cases_procedure', 'replaces_id');
CREATE TRIGGER same_partner_procedure BEFORE INSERT ON cases_sharedfile FOR EACH ROW
    EXECUTE FUNCTION cases_same_partner('cases_procedure', 'procedure_id');
"""
BACK = """
DROP TRIGGER same_partner_procedure ON cases_sharedfile;
DROP TRIGGER same_partner ON cases_procedure;
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0094_procedures")]

    operations = [
        database.statement(SAME_PARTNER, BACK),
        database.append_only("cases_procedureevent"),
        database.portal_reads("cases_procedure", PROCEDURE_COLUMNS),
        database.statement(
            "GRANT SELECT (procedure_id) ON cases_sharedfile TO {portal};"
            "REVOKE DELETE, TRUNCATE ON cases_procedure FROM {app}",
            "GRANT DELETE ON cases_procedure TO {app};"
            "REVOKE SELECT (procedure_id) ON cases_sharedfile FROM {portal}",
        ),
    ]
