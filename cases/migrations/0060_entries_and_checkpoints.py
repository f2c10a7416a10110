"""Entries that correct or blank others, checkpoints, and who is mailed them."""

import django.db.models.deletion
import django.db.models.functions.text
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0051_lifecycle_guards"),
        ("partners", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Checkpoint",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField(unique=True)),
                ("taken_at", models.DateTimeField()),
                (
                    "incidents",
                    models.PositiveBigIntegerField(help_text="How many timelines there were."),
                ),
                (
                    "entries",
                    models.PositiveBigIntegerField(help_text="How many entries they had together."),
                ),
                (
                    "broken",
                    models.PositiveBigIntegerField(help_text="How many timelines did not verify."),
                ),
                (
                    "heads_hash",
                    models.CharField(help_text="One hash over the newest of each.", max_length=64),
                ),
                ("previous_hash", models.CharField(blank=True, max_length=64)),
                ("hash", models.CharField(max_length=64)),
            ],
            options={
                "ordering": ("-number",),
            },
        ),
        migrations.CreateModel(
            name="CheckpointHead",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("incident_id", models.BigIntegerField()),
                ("reference", models.CharField(max_length=20)),
                ("sequence", models.PositiveIntegerField()),
                ("hash", models.CharField(max_length=64)),
            ],
        ),
        migrations.CreateModel(
            name="CheckpointRecipient",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=120)),
                ("email", models.EmailField(max_length=254, verbose_name="e-mail")),
                ("is_active", models.BooleanField(default=True)),
            ],
            options={
                "verbose_name": "checkpoint recipient",
                "ordering": ("name", "id"),
            },
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="entry",
            name="append_only",
        ),
        migrations.AddField(
            model_name="entry",
            name="corrects",
            field=models.PositiveIntegerField(
                help_text="The sequence of the entry that this one corrects or blanks.", null=True
            ),
        ),
        migrations.AddField(
            model_name="entry",
            name="version",
            field=models.PositiveSmallIntegerField(db_default=models.Value(1)),
        ),
        migrations.AlterField(
            model_name="entry",
            name="kind",
            field=models.CharField(
                choices=[
                    ("opened", "opened"),
                    ("alert", "alert"),
                    ("move", "move"),
                    ("evaluation", "evaluation"),
                    ("update", "update"),
                    ("correction", "correction"),
                    ("blanking", "blanking"),
                    ("task", "task"),
                    ("system", "system"),
                    ("partner", "partner"),
                    ("notice", "notice"),
                    ("page", "page"),
                    ("statement", "statement"),
                    ("review", "review"),
                ],
                max_length=20,
            ),
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(
                condition=models.Q(("corrects__isnull", False)),
                fields=["incident", "corrects"],
                name="entry_corrections",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="entry",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="4062ad60093aabfd5e687c8b98a3f298ac958019",
                    operation="DELETE",
                    pgid="pgtrigger_append_only_f4327",
                    table="cases_entry",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="entry",
            trigger=pgtrigger.compiler.Trigger(
                name="only_blanked",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (NOT (NEW.body = '' AND NEW.salt = '' AND (NEW.id, NEW.incident_id, NEW.sequence, NEW.version, NEW.at, NEW.recorded_at, NEW.kind, NEW.actor, NEW.user_id, NEW.partner_id, NEW.corrects, NEW.body_digest, NEW.previous_hash, NEW.hash) IS NOT DISTINCT FROM (OLD.id, OLD.incident_id, OLD.sequence, OLD.version, OLD.at, OLD.recorded_at, OLD.kind, OLD.actor, OLD.user_id, OLD.partner_id, OLD.corrects, OLD.body_digest, OLD.previous_hash, OLD.hash)))",
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="6a46d9113e2480be6141559f191581c85dc52738",
                    operation="UPDATE",
                    pgid="pgtrigger_only_blanked_81784",
                    table="cases_entry",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="entry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("corrects", None),
                    models.Q(("corrects__gte", 1), ("corrects__lt", models.F("sequence"))),
                    _connector="OR",
                ),
                name="entry_corrects_an_older_one",
            ),
        ),
        migrations.AddConstraint(
            model_name="entry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("corrects", None),
                        models.Q(("kind__in", ["correction", "blanking"]), _negated=True),
                    ),
                    models.Q(("corrects__isnull", False), ("kind__in", ["correction", "blanking"])),
                    _connector="OR",
                ),
                name="entry_names_what_it_corrects",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="checkpoint",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="d2147c717ad0cd170369c414abfec5b7cd4e99c1",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_06680",
                    table="cases_checkpoint",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddField(
            model_name="checkpointhead",
            name="checkpoint",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="moved",
                to="cases.checkpoint",
            ),
        ),
        migrations.AddConstraint(
            model_name="checkpointrecipient",
            constraint=models.UniqueConstraint(
                django.db.models.functions.text.Lower("email"), name="checkpoint_recipient_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="checkpointrecipient",
            constraint=models.CheckConstraint(
                condition=models.Q(("name", ""), _negated=True),
                name="checkpoint_recipient_is_named",
            ),
        ),
        migrations.AddConstraint(
            model_name="checkpointhead",
            constraint=models.UniqueConstraint(
                fields=("incident_id", "checkpoint"), name="head_once_a_checkpoint"
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="checkpointhead",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="ca76056136fe4cb38fdc88eb36bc693014c3c084",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_1ded4",
                    table="cases_checkpointhead",
                    when="BEFORE",
                ),
            ),
        ),
    ]
