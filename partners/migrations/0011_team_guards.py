"""What the portal may read of the register: its own partner's people and invitations, no digest."""

from django.db import migrations

from incidentdesk.kernel import database

CONTACT = ("id", "partner_id", "user_id", "name", "email", "title", "gets_notices", "is_active")
INVITATION = (
    "id",
    "partner_id",
    "name",
    "email",
    '"right"',
    "inviter",
    "invited_at",
    "expires_at",
    "accepted_at",
    "withdrawn_at",
)
GRANTS = "partners_partneruserobjectpermission"


class Migration(migrations.Migration):
    dependencies = [("partners", "0010_invitation"), ("kernel", "0020_session_salt")]

    operations = [
        database.portal_reads("partners_contact", CONTACT),
        database.portal_reads("partners_invitation", INVITATION),
        database.statement(
            "REVOKE DELETE, TRUNCATE ON partners_invitation FROM {app}",
            "GRANT DELETE ON partners_invitation TO {app}",
        ),
        database.statement(
            f"""
            ALTER TABLE {GRANTS} ENABLE ROW LEVEL SECURITY;
            CREATE POLICY application ON {GRANTS} TO {{app}} USING (true) WITH CHECK (true);
            CREATE POLICY own_partner ON {GRANTS} FOR SELECT TO {{portal}}
                USING (content_object_id = {database.CURRENT_PARTNER});
            GRANT SELECT (id, user_id, permission_id, content_object_id) ON {GRANTS} TO {{portal}};
            GRANT SELECT (id, codename) ON auth_permission TO {{portal}};
            """,
            f"""
            REVOKE ALL ON auth_permission FROM {{portal}};
            REVOKE ALL ON {GRANTS} FROM {{portal}};
            DROP POLICY own_partner ON {GRANTS};
            DROP POLICY application ON {GRANTS};
            ALTER TABLE {GRANTS} DISABLE ROW LEVEL SECURITY;
            """,
        ),
    ]
