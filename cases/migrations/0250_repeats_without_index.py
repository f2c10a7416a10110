import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """A repeat writes its row in place: no index on what it changes, and room on its page."""

    dependencies = [("cases", "0240_as_approved")]

    operations = [
        migrations.RemoveIndex(model_name="alert", name="alerts_of_incident"),
        migrations.RemoveIndex(model_name="alert", name="alert_group"),
        migrations.AddIndex(
            model_name="alert",
            index=models.Index(fields=["group_key", "source", "-id"], name="alert_group"),
        ),
        migrations.AlterField(
            model_name="alert",
            name="source",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="alerts",
                to="cases.source",
            ),
        ),
        migrations.RunSQL(
            "ALTER TABLE cases_alert SET (fillfactor = 70)",
            "ALTER TABLE cases_alert RESET (fillfactor)",
        ),
    ]
