"""The periods that the desk ships with."""

from django.db import migrations

ROWS = (("events", 90), ("access", 180), ("letters", 730), ("drafts", 90), ("messages", 730))
VALUES = ", ".join(f"('{key}', {days})" for key, days in ROWS)


class Migration(migrations.Migration):
    dependencies = [("kernel", "0080_retention")]

    operations = [
        migrations.RunSQL(
            f"INSERT INTO kernel_retention (key, days) VALUES {VALUES}",
            "DELETE FROM kernel_retention",
        ),
    ]
