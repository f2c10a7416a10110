"""What the portal's role may read besides: that nobody stood behind a notice when it was sent."""

from django.db import migrations

from incidentdesk.kernel import database


class Migration(migrations.Migration):
    dependencies = [("cases", "0105_emergency")]

    operations = [
        database.statement(
            "GRANT SELECT (is_emergency) ON cases_noticecopy TO {portal}",
            "REVOKE SELECT (is_emergency) ON cases_noticecopy FROM {portal}",
        ),
    ]
