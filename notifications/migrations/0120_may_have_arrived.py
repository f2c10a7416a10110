from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0110_sent_again"),
    ]

    operations = [
        migrations.AlterField(
            model_name="messageevent",
            name="event",
            field=models.CharField(
                choices=[
                    ("queued", "queued"),
                    ("suppressed", "not sent on purpose"),
                    ("sent", "sent"),
                    ("retry", "could not be sent, will be tried again"),
                    ("unsure", "may have arrived, will be sent once more"),
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
