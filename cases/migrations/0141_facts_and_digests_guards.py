"""Facts packages and digests belong to their partner, and the portal reads what is its own."""

from django.db import migrations

from incidentdesk.kernel import database

PACKAGE_COLUMNS = (
    "id",
    "involvement_id",
    "partner_id",
    "reference",
    "stage",
    "text",
    "services",
    "began_at",
    "ended_at",
    "downtime_minutes",
    "clients",
    "clients_share",
    "transactions",
    "transactions_share",
    "value_eur",
    "is_estimate",
    "handed_at",
)
DIGEST_COLUMNS = ("id", "partner_id", "reference", "month", "sent_at")
LINE_COLUMNS = (
    "id",
    "digest_id",
    "partner_id",
    "involvement_id",
    "reference",
    "title",
    "meaning",
    "began_at",
    "over_at",
)
TABLES = ("cases_factspackage", "cases_digest", "cases_digestline")

SAME_PARTNER = """
CREATE TRIGGER same_partner BEFORE INSERT ON cases_factspackage FOR EACH ROW
    EXECUTE FUNCTION cases_same_partner('cases_involvement', 'involvement_id');
CREATE TRIGGER same_partner BEFORE INSERT ON cases_digestline FOR EACH ROW
    EXECUTE FUNCTION cases_same_partner(
        'cases_involvement', 'involvement_id', 'cases_digest', 'digest_id'
    );
"""
BACK = """
DROP TRIGGER same_partner ON cases_digestline;
DROP TRIGGER same_partner ON cases_factspackage;
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0140_facts_and_digests")]

    operations = [
        database.statement(SAME_PARTNER, BACK),
        *[database.append_only(table) for table in TABLES],
        database.portal_reads("cases_factspackage", PACKAGE_COLUMNS),
        database.portal_reads("cases_digest", DIGEST_COLUMNS),
        database.portal_reads("cases_digestline", LINE_COLUMNS),
    ]
