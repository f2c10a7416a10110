"""Playbooks get versions, incidents the version they started with; tasks get a second person."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q, Value


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0020_severity_rules"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Playbook",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("version", models.PositiveIntegerField()),
                (
                    "note",
                    models.TextField(blank=True, help_text="What is different, and why."),
                ),
                ("published_at", models.DateTimeField(null=True)),
                (
                    "category",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="playbooks",
                        to="cases.category",
                    ),
                ),
                (
                    "published_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("category", "-version"),
                "constraints": [
                    models.UniqueConstraint(
                        fields=["category", "version"], name="playbook_version_once"
                    ),
                    models.UniqueConstraint(
                        condition=Q(published_at=None),
                        fields=["category"],
                        name="playbook_one_draft",
                    ),
                    models.CheckConstraint(
                        condition=Q(published_at=None) | ~Q(note=""),
                        name="playbook_published_with_a_note",
                    ),
                ],
            },
        ),
        migrations.RemoveConstraint("playbooktask", "playbook_position_once"),
        migrations.AlterField(
            "playbooktask",
            "category",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="playbook",
                to="cases.category",
            ),
        ),
        migrations.AddField(
            "playbooktask",
            "playbook",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="tasks",
                to="cases.playbook",
            ),
        ),
        migrations.AddField(
            "incident",
            "playbook",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="incidents",
                to="cases.playbook",
            ),
        ),
        migrations.AddField(
            "task",
            "confirmation",
            models.TextField(
                blank=True, db_default=Value(""), help_text="What the second person looked at."
            ),
        ),
        migrations.AddIndex(
            "task",
            models.Index(
                condition=Q(state="done", needs_second_person=True, confirmed_at=None),
                fields=["incident"],
                name="tasks_to_confirm",
            ),
        ),
        migrations.AddConstraint(
            "affectedsystem",
            models.CheckConstraint(
                condition=Q(checked_by=None) | ~Q(checked_by=F("changed_by")),
                name="system_checked_by_a_second_person",
            ),
        ),
    ]
