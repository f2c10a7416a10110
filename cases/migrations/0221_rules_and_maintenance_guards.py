"""The history of alert rules and of maintenance windows is only added to."""

from django.db import migrations

from incidentdesk.kernel import database


class Migration(migrations.Migration):
    dependencies = [("cases", "0220_rules_and_maintenance")]

    operations = [
        database.append_only("cases_alertruleevent"),
        database.append_only("cases_maintenancewindowevent"),
    ]
