"""What the portal may read of tokens: its own partner's, no digest."""

from django.db import migrations

from incidentdesk.kernel import database

TOKEN = (
    "id",
    "user_id",
    "partner_id",
    "name",
    "scopes",
    "created_at",
    "expires_at",
    "last_used_at",
    "revoked_at",
)


class Migration(migrations.Migration):
    dependencies = [("kernel", "0030_partner_tokens")]

    operations = [database.portal_reads("kernel_token", TOKEN)]
