"""Sessions whose person and times are columns. Those of the former table end: all log in anew."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from incidentdesk.kernel import database

OWN = """
ALTER TABLE kernel_session ENABLE ROW LEVEL SECURITY;
CREATE POLICY application ON kernel_session TO {app} USING (true) WITH CHECK (true);
"""
OPEN = """
DROP POLICY application ON kernel_session;
ALTER TABLE kernel_session DISABLE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = [("kernel", "0060_track_scope")]

    operations = [
        migrations.CreateModel(
            name="Session",
            fields=[
                (
                    "session_key",
                    models.CharField(
                        max_length=40,
                        primary_key=True,
                        serialize=False,
                        verbose_name="session key",
                    ),
                ),
                ("session_data", models.TextField(verbose_name="session data")),
                ("expire_date", models.DateTimeField(db_index=True, verbose_name="expire date")),
                ("address", models.CharField(blank=True, max_length=45)),
                (
                    "device",
                    models.CharField(
                        blank=True, help_text="As the browser calls itself.", max_length=200
                    ),
                ),
                ("began_at", models.DateTimeField(null=True, verbose_name="logged in")),
                (
                    "seen_at",
                    models.DateTimeField(
                        help_text="To the minute.", null=True, verbose_name="last used"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sessions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("user", None),
                            models.Q(("began_at__isnull", False), ("seen_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="session_of_a_person_has_its_times",
                    )
                ],
            },
        ),
        database.statement(OWN, OPEN),
    ]
