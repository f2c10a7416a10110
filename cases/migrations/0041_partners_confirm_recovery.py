"""What the portal's role may read besides: that its partner confirmed the recovery, and who."""

from django.db import migrations

from incidentdesk.kernel import database

COLUMNS = "recovery_confirmed_at, recovery_confirmed_by"


class Migration(migrations.Migration):
    dependencies = [("cases", "0040_fixes_stay")]

    operations = [
        database.statement(
            f"GRANT SELECT ({COLUMNS}) ON cases_involvement TO {{portal}}",
            f"REVOKE SELECT ({COLUMNS}) ON cases_involvement FROM {{portal}}",
        ),
    ]
