"""A random name of each person for links that are mailed; the database gives one to each row."""

from django.contrib.postgres.functions import RandomUUID
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("kernel", "0032_link_requests")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="handle",
            field=models.UUIDField(
                db_default=RandomUUID(),
                editable=False,
                help_text="Names the person in links that are mailed; random, so that it counts "
                "nobody.",
                unique=True,
            ),
        ),
    ]
