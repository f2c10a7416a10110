"""What the application may only add to: waivers, times, custody, checks, matrices."""

from django.db import migrations

from incidentdesk.kernel import database

ONLY_ADDED_TO = ("waiver", "momentchange", "custodyevent", "recoverycheck", "reconciliation")


class Migration(migrations.Migration):
    dependencies = [("cases", "0011_response_defaults")]

    operations = [
        *(database.append_only(f"cases_{table}") for table in ONLY_ADDED_TO),
        database.append_only("cases_severitymatrix"),
        database.statement(
            "REVOKE DELETE, TRUNCATE ON cases_evidence FROM {app}",
            "GRANT DELETE ON cases_evidence TO {app}",
        ),
    ]
