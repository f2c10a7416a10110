from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models

import partners.models.webhook
from incidentdesk.kernel import database


class Migration(migrations.Migration):
    dependencies = [("partners", "0071_language_of_times")]

    operations = [
        migrations.AddField(
            model_name="webhook",
            name="severities",
            field=ArrayField(
                base_field=models.PositiveSmallIntegerField(),
                db_default=models.Value("{1,2,3,4}"),
                default=partners.models.webhook.every_severity,
                help_text="For its partner; those for which the contract agrees a time count in "
                "any case.",
                size=None,
            ),
        ),
        migrations.AddConstraint(
            model_name="webhook",
            constraint=models.CheckConstraint(
                condition=models.Q(("severities__contained_by", [1, 2, 3, 4])),
                name="webhook_severities",
            ),
        ),
        database.statement(
            "GRANT SELECT (severities) ON partners_webhook TO {portal}",
            "REVOKE SELECT (severities) ON partners_webhook FROM {portal}",
        ),
    ]
