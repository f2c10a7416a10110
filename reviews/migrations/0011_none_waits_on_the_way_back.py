"""On the way back no review waits for an approval: there was no such state before."""

from django.db import migrations

from incidentdesk.kernel import database


class Migration(migrations.Migration):
    dependencies = [("reviews", "0010_the_review_in_full")]

    operations = [
        database.statement(
            "SELECT 1",
            """
            UPDATE reviews_review
                SET state = 'draft', asked_at = NULL, asked_by_id = NULL, remind_at = NULL
                WHERE state = 'in_review'
            """,
        ),
    ]
