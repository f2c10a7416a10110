"""The portal reads which of its partner's people opened which notice: to mark what is new."""

from django.db import migrations

from incidentdesk.kernel import database


class Migration(migrations.Migration):
    dependencies = [("cases", "0152_source_formats")]

    operations = [
        database.statement(
            """
            ALTER TABLE cases_receipt ENABLE ROW LEVEL SECURITY;
            CREATE POLICY application ON cases_receipt TO {app} USING (true) WITH CHECK (true);
            CREATE POLICY own_partner ON cases_receipt FOR SELECT TO {portal}
                USING (EXISTS (SELECT FROM cases_noticecopy AS c WHERE c.id = copy_id));
            GRANT SELECT (id, copy_id, user_id) ON cases_receipt TO {portal};
            """,
            """
            REVOKE ALL ON cases_receipt FROM {portal};
            DROP POLICY own_partner ON cases_receipt;
            DROP POLICY application ON cases_receipt;
            ALTER TABLE cases_receipt DISABLE ROW LEVEL SECURITY;
            """,
        ),
    ]
