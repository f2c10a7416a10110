"""What a partner began to report is its own, and so are the files of its reports."""

from django.db import migrations

from incidentdesk.kernel import database

DRAFT_COLUMNS = (
    "id",
    "partner_id",
    "user_id",
    "title",
    "description",
    "category",
    "certainty",
    "noticed_at",
    "happened_at",
    "saved_at",
)


class Migration(migrations.Migration):
    dependencies = [("cases", "0130_report_drafts")]

    operations = [
        database.portal_reads("cases_reportdraft", DRAFT_COLUMNS),
        database.statement(
            """
            CREATE TRIGGER same_partner_report BEFORE INSERT ON cases_sharedfile FOR EACH ROW
                EXECUTE FUNCTION cases_same_partner('cases_report', 'report_id');
            GRANT SELECT (report_id) ON cases_sharedfile TO {portal};
            GRANT SELECT (certainty) ON cases_report TO {portal};
            """,
            """
            REVOKE SELECT (certainty) ON cases_report FROM {portal};
            REVOKE SELECT (report_id) ON cases_sharedfile FROM {portal};
            DROP TRIGGER same_partner_report ON cases_sharedfile;
            """,
        ),
    ]
