"""The history of fields is only added to."""

from django.db import migrations

from incidentdesk.kernel import database

TRACKED = (
    "affectedsystem",
    "assignment",
    "category",
    "deadline",
    "evidence",
    "fix",
    "incident",
    "involvement",
    "notice",
    "noticecopy",
    "report",
    "source",
    "system",
    "target",
    "task",
)


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0062_history"),
        ("pghistory", "0007_auto_20250421_0444"),
    ]

    operations = [
        *(database.append_only(f"cases_{table}event") for table in TRACKED),
        # Kept beside each event instead, where nobody can change it: who and from where.
        database.statement(
            "REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON pghistory_context FROM {app}",
            "GRANT INSERT, UPDATE, DELETE ON pghistory_context TO {app}",
        ),
    ]
