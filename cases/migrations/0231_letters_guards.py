"""A mail that came in stays; the portal's role sees none, whatever it is granted one day."""

from django.db import migrations

from incidentdesk.kernel import database


class Migration(migrations.Migration):
    dependencies = [("cases", "0230_letters")]

    operations = [
        database.statement(
            """
            REVOKE DELETE, TRUNCATE ON cases_letter FROM {app};
            ALTER TABLE cases_letter ENABLE ROW LEVEL SECURITY;
            CREATE POLICY application ON cases_letter TO {app} USING (true) WITH CHECK (true);
            """,
            """
            DROP POLICY application ON cases_letter;
            ALTER TABLE cases_letter DISABLE ROW LEVEL SECURITY;
            GRANT DELETE ON cases_letter TO {app};
            """,
        ),
    ]
