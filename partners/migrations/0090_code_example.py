"""The example of a code is one that nobody has: strangers read it in what describes the API.

Words for people alone; nothing in the database changes.
"""

from django.core.validators import RegexValidator
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("partners", "0080_webhook_severities")]

    operations = [
        migrations.AlterField(
            model_name="partner",
            name="code",
            field=models.CharField(
                help_text="Begins the partner's own references: EXAMPLE-2026-0007.",
                max_length=12,
                unique=True,
                validators=[RegexValidator("^[A-Z][A-Z0-9]+$", "Capital letters and digits only.")],
            ),
        ),
    ]
