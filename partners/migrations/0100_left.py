"""A webhook may be off because who added it works there or administers no more.

A word for people alone; nothing in the database changes.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("partners", "0091_changed_event")]

    operations = [
        migrations.AlterField(
            model_name="webhook",
            name="off_because",
            field=models.CharField(
                blank=True,
                choices=[
                    ("gone", "its server answered that the address is gone (HTTP 410)"),
                    ("left", "who added it works or administers here no more"),
                ],
                max_length=8,
            ),
        ),
    ]
