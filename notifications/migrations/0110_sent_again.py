import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0101_how_you_are_reached"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="message",
            name="repeats",
            field=models.ForeignKey(
                blank=True,
                db_index=False,  # made without stopping who sends (0152)
                help_text="The message that a person had sent again.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="repeated_by",
                to="notifications.message",
            ),
        ),
        migrations.AlterField(
            model_name="messageevent",
            name="event",
            field=models.CharField(
                choices=[
                    ("queued", "queued"),
                    ("suppressed", "not sent on purpose"),
                    ("sent", "sent"),
                    ("retry", "could not be sent, will be tried again"),
                    ("failed", "failed"),
                    ("repeated", "tried again after a sender died"),
                    ("held", "waits to be sent in a list"),
                    ("followed", "told by the next way as well"),
                    ("delivered", "delivered"),
                    ("bounced", "came back"),
                    ("superseded", "not sent, it was acknowledged before"),
                    ("resent", "sent again by hand"),
                ],
                max_length=12,
            ),
        ),
    ]
