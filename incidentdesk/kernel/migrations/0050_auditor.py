"""What the parts of the desk say of themselves, and what the auditor finds; neither is a partner's.

What was found stays on record.
"""

from django.db import migrations, models

from incidentdesk.kernel import database

OWN = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
CREATE POLICY application ON {table} TO {app} USING (true) WITH CHECK (true);
"""
OPEN = """
DROP POLICY application ON {table};
ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;
"""


def own(table: str) -> database.Statement:
    """The application sees all rows, and nobody else any."""
    return database.statement(OWN.replace("{table}", table), OPEN.replace("{table}", table))


class Migration(migrations.Migration):
    dependencies = [("kernel", "0040_handle")]

    operations = [
        migrations.CreateModel(
            name="Progress",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("part", models.CharField(max_length=20, unique=True)),
                ("at", models.DateTimeField(verbose_name="last round")),
                ("said", models.CharField(blank=True, max_length=300, verbose_name="says")),
                ("is_well", models.BooleanField(default=True, verbose_name="well")),
            ],
            options={
                "verbose_name": "part of the desk",
                "verbose_name_plural": "parts of the desk",
                "ordering": ("id",),
            },
        ),
        migrations.CreateModel(
            name="Finding",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(max_length=40)),
                ("about", models.CharField(blank=True, max_length=120)),
                ("words", models.TextField(verbose_name="what is wrong")),
                ("mended", models.TextField(blank=True, verbose_name="what was done")),
                ("first_at", models.DateTimeField(verbose_name="found")),
                ("last_at", models.DateTimeField(verbose_name="last seen")),
                (
                    "rounds",
                    models.PositiveIntegerField(
                        default=1, help_text="That saw it, a minute apart."
                    ),
                ),
                (
                    "pages",
                    models.PositiveIntegerField(default=0, help_text="That it was worth."),
                ),
                (
                    "paged_at",
                    models.DateTimeField(null=True, verbose_name="administrators paged"),
                ),
                ("cleared_at", models.DateTimeField(null=True, verbose_name="over")),
            ],
            options={"ordering": ("-id",)},
        ),
        migrations.AddConstraint(
            model_name="finding",
            constraint=models.UniqueConstraint(
                condition=models.Q(("cleared_at", None)),
                fields=("kind", "about"),
                name="finding_open_once",
            ),
        ),
        own("kernel_progress"),
        own("kernel_finding"),
        database.statement(
            "REVOKE DELETE, TRUNCATE ON kernel_finding FROM {app}",
            "GRANT DELETE ON kernel_finding TO {app}",
        ),
    ]
