"""The tasks of a playbook belong to its version and no longer to the category."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cases", "0031_first_versions")]

    operations = [
        migrations.AlterModelOptions(
            "playbooktask",
            options={
                "ordering": ("playbook", "phase", "position", "id"),
                "verbose_name": "playbook task",
            },
        ),
        migrations.RemoveField("playbooktask", "category"),
        migrations.AlterField(
            "playbooktask",
            "playbook",
            models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="tasks",
                to="cases.playbook",
            ),
        ),
    ]
