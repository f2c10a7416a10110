from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("kernel", "0012_approve_scope")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="session_salt",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                editable=False,
                help_text="A new one ends every session of this person.",
                max_length=16,
            ),
        ),
    ]
