import django.db.models.deletion
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Indexes on tables in use: which sources an incident has alerts of, and what is to classify."""

    atomic = False

    dependencies = [("cases", "0311_classifications_guards")]

    # What an attempt left that was cut off is no index, and stands in the way of the next.
    operations = [
        migrations.RunSQL(
            "DROP INDEX CONCURRENTLY IF EXISTS alert_of_incident", migrations.RunSQL.noop
        ),
        AddIndexConcurrently(
            model_name="alert",
            index=models.Index(fields=["incident", "source"], name="alert_of_incident"),
        ),
        migrations.RunSQL(
            "DROP INDEX CONCURRENTLY IF EXISTS incident_to_classify", migrations.RunSQL.noop
        ),
        AddIndexConcurrently(
            model_name="incident",
            index=models.Index(
                condition=models.Q(
                    ("classify_at__isnull", False),
                    models.Q(("phase__in", ["closed", "dismissed"]), _negated=True),
                ),
                fields=["classify_at", "id"],
                name="incident_to_classify",
            ),
        ),
        migrations.AlterField(
            model_name="alert",
            name="incident",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="alerts",
                to="cases.incident",
            ),
        ),
    ]
