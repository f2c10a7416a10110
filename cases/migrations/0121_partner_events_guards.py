"""What a partner's programs are told is added to and never changed; the portal reads its own."""

from django.db import migrations

from incidentdesk.kernel import database

EVENT = (
    "id",
    "partner_id",
    "involvement_id",
    "number",
    "key",
    "kind",
    "at",
    "data",
    "tlp",
    "reader_ids",
)


class Migration(migrations.Migration):
    dependencies = [("cases", "0120_partner_events")]

    operations = [
        database.statement(
            """
            CREATE TRIGGER same_partner BEFORE INSERT ON cases_partnerevent FOR EACH ROW
                EXECUTE FUNCTION cases_same_partner('cases_involvement', 'involvement_id')
            """,
            "DROP TRIGGER same_partner ON cases_partnerevent",
        ),
        database.portal_reads("cases_partnerevent", EVENT),
        database.append_only("cases_partnerevent"),
    ]
