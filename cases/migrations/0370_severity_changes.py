"""A change of severity is a fact of its own behind the timeline's words."""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cases", "0361_report_of_the_cause_targets")]

    operations = [
        migrations.CreateModel(
            name="SeverityChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("former", models.PositiveSmallIntegerField()),
                ("value", models.PositiveSmallIntegerField()),
                (
                    "entry",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="severity_change",
                        to="cases.entry",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="severitychange",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("former__range", (1, 4)),
                    ("value__range", (1, 4)),
                    models.Q(("former", models.F("value")), _negated=True),
                ),
                name="severity_change_is_one",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="severitychange",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="9b1cdde2f6c98d6bc2739fdfe5b89513b1e56d19",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_5999e",
                    table="cases_severitychange",
                    when="BEFORE",
                ),
            ),
        ),
    ]
