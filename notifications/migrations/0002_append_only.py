"""The application's role may add to the two logs and read them, nothing else."""

from django.db import migrations

from incidentdesk.kernel import database


class Migration(migrations.Migration):
    dependencies = [("notifications", "0001_initial")]

    operations = [
        database.append_only("notifications_messageevent"),
        database.append_only("notifications_escalationevent"),
    ]
