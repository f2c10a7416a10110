"""Seals under the audit trail. What was written before gets them as the first ones."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

from incidentdesk.kernel import database


class Migration(migrations.Migration):
    dependencies = [
        ("kernel", "0081_retention_rows"),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditSeal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveBigIntegerField(unique=True)),
                ("sealed_at", models.DateTimeField()),
                ("after_id", models.BigIntegerField(help_text="The last line of the seal before.")),
                ("last_id", models.BigIntegerField(help_text="Its own last line.")),
                ("begin_at", models.DateTimeField(help_text="The earliest time of its lines.")),
                ("end_at", models.DateTimeField(help_text="The latest.")),
                ("lines", models.PositiveIntegerField(help_text="How many it covers.")),
                ("lines_hash", models.CharField(max_length=64)),
                ("previous_hash", models.CharField(blank=True, max_length=64)),
                ("hash", models.CharField(max_length=64)),
                ("covers", models.TextField()),
            ],
            options={
                "ordering": ("-number",),
                "indexes": [models.Index(fields=["end_at"], name="audit_seal_end")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("last_id__gt", models.F("after_id")), ("lines__gte", 1)
                        ),
                        name="audit_seal_has_lines",
                    )
                ],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="auditseal",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="c12391bb4ff1e779cf844ac03263f10785acd7b2",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_106ef",
                    table="kernel_auditseal",
                    when="BEFORE",
                ),
            ),
        ),
        database.append_only("kernel_auditseal"),
    ]
