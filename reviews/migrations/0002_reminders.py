"""When the owner of a preventive action is reminded next; cases learn who leads each review."""

from django.db import migrations, models

from incidentdesk.kernel import database


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0261_reminders_begin"),
        ("reviews", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="preventiveaction",
            name="remind_at",
            field=models.DateTimeField(help_text="When its owner is reminded next.", null=True),
        ),
        migrations.AddIndex(
            model_name="preventiveaction",
            index=models.Index(
                condition=models.Q(("remind_at__isnull", False), ("state", "open")),
                fields=["remind_at", "id"],
                name="action_to_remind_of",
            ),
        ),
        database.statement(
            """
            UPDATE reviews_preventiveaction SET remind_at = agreed_at
                + ((due_on + 1)::timestamp AT TIME ZONE 'UTC' - agreed_at) / 2
                WHERE state = 'open';
            UPDATE cases_reviewfacts AS f SET facilitator_id = r.facilitator_id
                FROM reviews_review AS r WHERE r.incident_id = f.incident_id;
            """,
            "SELECT 1",
        ),
    ]
