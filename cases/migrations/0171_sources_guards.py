"""The history of label mappings is only added to."""

from django.db import migrations

from incidentdesk.kernel import database


class Migration(migrations.Migration):
    dependencies = [("cases", "0170_sources")]

    operations = [database.append_only("cases_labelmappingevent")]
