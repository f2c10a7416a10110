"""What the list of incidents needs at a million: its indexes, the words of what is said, and a
person's own views."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from incidentdesk.kernel import database

WORDS = """
CREATE FUNCTION cases_words(said text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
-- As cases/search.py asks: names of machines and references are split into their parts.
    SELECT to_tsvector('english'::regconfig, translate(left(said, 200000), '-_./:@', '      '))
$$;
-- Not columns of the models: they are searched and never read.
ALTER TABLE cases_incident ADD COLUMN words tsvector
    GENERATED ALWAYS AS (cases_words(title || ' ' || description || ' ' || reference)) STORED;
CREATE INDEX incident_words ON cases_incident USING gin (words);
ALTER TABLE cases_entry ADD COLUMN words tsvector
    GENERATED ALWAYS AS (cases_words(body)) STORED;
CREATE INDEX entry_words ON cases_entry USING gin (words);
"""
WORDS_BACK = """
ALTER TABLE cases_entry DROP COLUMN words;
ALTER TABLE cases_incident DROP COLUMN words;
DROP FUNCTION cases_words(text);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0063_history_guards"),
        ("partners", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="SavedView",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=40)),
                (
                    "query",
                    models.CharField(blank=True, help_text="As in the address.", max_length=1000),
                ),
                ("saved_at", models.DateTimeField()),
            ],
            options={
                "ordering": ("name",),
            },
        ),
        migrations.AlterField(
            model_name="incident",
            name="category",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                to="cases.category",
            ),
        ),
        migrations.AlterField(
            model_name="incident",
            name="commander",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="commands",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(
                condition=models.Q(("phase__in", ["closed", "dismissed"]), _negated=True),
                fields=["-opened_at", "-id"],
                name="incident_open_newest",
            ),
        ),
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(
                fields=["category", "-opened_at", "-id"], name="incident_by_category"
            ),
        ),
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(
                fields=["commander", "-opened_at", "-id"], name="incident_by_commander"
            ),
        ),
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(fields=["severity", "opened_at", "id"], name="incident_by_severity"),
        ),
        migrations.AddIndex(
            model_name="involvement",
            index=models.Index(
                condition=models.Q(("reference", ""), _negated=True),
                fields=["reference"],
                name="involvement_by_reference",
            ),
        ),
        migrations.AddIndex(
            model_name="report",
            index=models.Index(fields=["reference"], name="report_by_reference"),
        ),
        migrations.AddField(
            model_name="savedview",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="views",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="savedview",
            constraint=models.UniqueConstraint(fields=("user", "name"), name="view_named_once"),
        ),
        database.statement(WORDS, WORDS_BACK),
    ]
