"""The history of series is only added to."""

from django.db import migrations

from incidentdesk.kernel import database


class Migration(migrations.Migration):
    dependencies = [("cases", "0180_series")]

    operations = [database.append_only("cases_seriesevent")]
