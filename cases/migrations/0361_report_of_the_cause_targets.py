"""How long a report of the cause may take, and no old row breaks the constraint of 0360."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations

KIND = "root_cause_report"
BUSINESS_DAYS = {1: 10, 2: 15}  # by severity; what is milder has one on request


def load(apps, schema_editor):
    Target = apps.get_model("cases", "Target")
    for severity, days in BUSINESS_DAYS.items():
        Target.objects.using(schema_editor.connection.alias).get_or_create(
            severity=severity,
            kind=KIND,
            defaults={
                "anchor": "recovered_at",
                "amount": days,
                "counting": "business_days",
            },
        )


def forget(apps, schema_editor):
    alias = schema_editor.connection.alias
    for model in ("Deadline", "Target"):
        apps.get_model("cases", model).objects.using(alias).filter(kind=KIND).delete()


class Migration(migrations.Migration):
    dependencies = [("cases", "0360_report_of_the_cause")]

    operations = [
        migrations.RunPython(load, forget),
        ValidateConstraint("deadline", "deadline_of_a_partner_or_none"),
    ]
