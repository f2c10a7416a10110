import django.contrib.postgres.fields
from django.db import migrations, models

# A list that was written before has a link for each incident that it names, in its text or (where a
# chat was told one line) in what that was written from; so has its escalation.
FILL = r"""
UPDATE notifications_message AS list SET names = found.names FROM (
    SELECT m.id, array_agg(DISTINCT e.about ORDER BY e.about) AS names
    FROM notifications_message AS m
    CROSS JOIN LATERAL regexp_matches(
        concat(m.body_text, m.facts), '(?:Open: |"link": ")https?://[^/\s]+(/[^\s"]*)', 'g'
    ) AS link
    JOIN notifications_escalation AS e ON e.url = link[1]
    WHERE m.is_page AND m.kind = 'pages'
    GROUP BY m.id
) AS found
WHERE list.id = found.id
"""


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0140_swaps_that_run"),
    ]

    operations = [
        migrations.AddField(
            model_name="message",
            name="names",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=120),
                blank=True,
                help_text="What a list names, each as `about` would; whoever may not read one of "
                "it may not read the list.",
                null=True,
                size=None,
            ),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
