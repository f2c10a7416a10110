from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0261_reminders_begin"),
    ]

    operations = [
        migrations.AddField(
            model_name="assignment",
            name="takes_over",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Offered at a hand-over: whoever accepts acknowledges the incident.",
            ),
        ),
    ]
