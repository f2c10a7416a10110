"""How we handle incidents: its first version, and who reads what of it."""

from django.db import migrations

from cases.defaults import framework
from incidentdesk.kernel import clocks, database

READING_COLUMNS = ("id", "partner_id", "framework_id", "name", "at")


def load(apps, schema_editor):
    rows = apps.get_model("cases", "Framework").objects.using(schema_editor.connection.alias)
    rows.create(
        number=1,
        text=framework.TEXT,
        changed=framework.CHANGED,
        in_force_at=clocks.now(),
    )


class Migration(migrations.Migration):
    dependencies = [("cases", "0150_framework")]

    operations = [
        migrations.RunPython(load, migrations.RunPython.noop),  # the table goes with 0132
        database.append_only("cases_framework"),
        database.append_only("cases_frameworkreading"),
        database.portal_reads("cases_frameworkreading", READING_COLUMNS),
        database.statement(
            "GRANT SELECT (id, number, text, changed, in_force_at) ON cases_framework TO {portal}",
            "REVOKE ALL ON cases_framework FROM {portal}",
        ),
    ]
