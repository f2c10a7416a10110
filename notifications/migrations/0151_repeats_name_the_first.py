from django.db import migrations

# What repeated a repeat names the message that was written first; so do all from here on.
FILL = """
WITH RECURSIVE chain AS (
    SELECT m.id, m.repeats_id AS first FROM notifications_message AS m
    JOIN notifications_message AS former ON former.id = m.repeats_id
    WHERE former.repeats_id IS NULL
    UNION ALL SELECT m.id, chain.first FROM notifications_message AS m
    JOIN chain ON chain.id = m.repeats_id
)
UPDATE notifications_message AS m SET repeats_id = chain.first FROM chain
WHERE m.id = chain.id AND m.repeats_id <> chain.first
"""


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0150_what_a_list_names"),
    ]

    operations = [
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
