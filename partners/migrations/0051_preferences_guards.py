"""What the portal reads of preferences and of contract terms: its own partner's."""

from django.db import migrations

from incidentdesk.kernel import database

PREFERENCES = (
    "id",
    "partner_id",
    "user_id",
    "mail_sev1",
    "mail_sev2",
    "mail_sev3",
    "mail_sev4",
    "zone",
    "style",
)
TERMS = ("id", "partner_id", "notice_sev1", "notice_sev2", "notice_sev3", "notice_sev4")


class Migration(migrations.Migration):
    dependencies = [("partners", "0050_preferences")]

    operations = [
        database.portal_reads("partners_preferences", PREFERENCES),
        database.portal_reads("partners_terms", TERMS),
    ]
