"""The thread belongs to its partner, and the portal reads what is its own."""

from django.db import migrations

from incidentdesk.kernel import database

REMARK_COLUMNS = ("id", "involvement_id", "partner_id", "text", "at", "is_ours", "author")

SAME_PARTNER = """
CREATE TRIGGER same_partner BEFORE INSERT ON cases_remark FOR EACH ROW
    EXECUTE FUNCTION cases_same_partner('cases_involvement', 'involvement_id');
CREATE TRIGGER same_partner_thread BEFORE INSERT ON cases_sharedfile FOR EACH ROW
    EXECUTE FUNCTION cases_same_partner('cases_remark', 'remark_id');
"""
BACK = """
DROP TRIGGER same_partner_thread ON cases_sharedfile;
DROP TRIGGER same_partner ON cases_remark;
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0092_thread")]

    operations = [
        database.statement(SAME_PARTNER, BACK),
        database.portal_reads("cases_remark", REMARK_COLUMNS),
        database.statement(
            "GRANT SELECT (remark_id) ON cases_sharedfile TO {portal};"
            "REVOKE DELETE, TRUNCATE ON cases_remark FROM {app}",
            "GRANT DELETE ON cases_remark TO {app};"
            "REVOKE SELECT (remark_id) ON cases_sharedfile FROM {portal}",
        ),
    ]
