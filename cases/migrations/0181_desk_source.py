"""The desk is a source of its own: its figures, and the anomalies that it finds in any series.

Nobody has its key, so nothing is sent to it from outside.
"""

import hashlib
import secrets

from django.db import migrations

from incidentdesk.kernel import database


def load(apps, schema_editor):
    rows = apps.get_model("cases", "Source").objects.using(schema_editor.connection.alias)
    nobody_has_it = hashlib.sha256(secrets.token_bytes(32)).hexdigest()
    rows.create(name="The desk itself", format="desk", key_digest=nobody_has_it)


def unload(apps, schema_editor):
    rows = apps.get_model("cases", "Source").objects.using(schema_editor.connection.alias)
    rows.filter(format="desk").delete()


class Migration(migrations.Migration):
    dependencies = [("cases", "0180_series")]

    operations = [
        database.append_only("cases_seriesevent"),
        migrations.RunPython(load, unload),
    ]
