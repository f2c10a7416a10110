"""The history of fields: a table beside each tracked one, filled by triggers."""

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
import django_fsm
import pghistory.utils
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

import incidentdesk.kernel.clocks


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0061_chain_version_2"),
        ("kernel", "__first__"),
        ("partners", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="AffectedSystemEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_context", pghistory.utils.JSONField(null=True)),
                ("id", models.BigIntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("affected", "affected"),
                            ("isolated", "isolated"),
                            ("restored", "restored"),
                        ],
                        default="affected",
                        max_length=10,
                    ),
                ),
                (
                    "down_since",
                    models.DateTimeField(
                        help_text="Fully down since; empty: it is not.", null=True
                    ),
                ),
                (
                    "how",
                    models.TextField(
                        blank=True, help_text="How it was isolated or restored; the proof."
                    ),
                ),
                ("changed_at", models.DateTimeField()),
                (
                    "changed_by",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "checked_by",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "incident",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="cases.incident",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="cases.affectedsystem",
                    ),
                ),
                (
                    "system",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="cases.system",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "indexes": [
                    models.Index(fields=["pgh_obj", "pgh_id"], name="affectedsystem_history"),
                    models.Index(
                        fields=["incident", "pgh_created_at"], name="affectedsystem_histories"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AssignmentEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_context", pghistory.utils.JSONField(null=True)),
                ("id", models.BigIntegerField()),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("commander", "commander"),
                            ("communications", "communications"),
                            ("scribe", "scribe"),
                            ("responder", "responder"),
                        ],
                        max_length=20,
                    ),
                ),
                ("note", models.TextField(blank=True, help_text="What the next one has to know.")),
                ("offered_at", models.DateTimeField()),
                ("accepted_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "incident",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="cases.incident",
                    ),
                ),
                (
                    "offered_by",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="cases.assignment",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "abstract": False,
                "indexes": [
                    models.Index(fields=["pgh_obj", "pgh_id"], name="assignment_history"),
                    models.Index(
                        fields=["incident", "pgh_created_at"], name="assignment_histories"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CategoryEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_context", pghistory.utils.JSONField(null=True)),
                ("id", models.BigIntegerField()),
                ("key", models.SlugField(db_index=False, max_length=40)),
                ("name", models.CharField(max_length=80)),
                ("description", models.TextField(blank=True)),
                ("position", models.PositiveSmallIntegerField(default=100)),
                ("is_active", models.BooleanField(default=True)),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="cases.category",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "indexes": [models.Index(fields=["pgh_obj", "pgh_id"], name="category_history")],
            },
        ),
        migrations.CreateModel(
            name="DeadlineEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_context", pghistory.utils.JSONField(null=True)),
                ("id", models.BigIntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("acknowledge", "Acknowledge"),
                            ("evaluate", "Commander, category and severity"),
                            ("first_notice", "First partner notice"),
                            ("contain", "Contained"),
                            ("recover", "Recovered"),
                            ("review", "Review held"),
                        ],
                        max_length=20,
                    ),
                ),
                ("anchor_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("met_at", models.DateTimeField(null=True)),
                ("is_dropped", models.BooleanField(default=False, help_text="No longer applies.")),
                (
                    "incident",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="cases.incident",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="cases.deadline",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "indexes": [
                    models.Index(fields=["pgh_obj", "pgh_id"], name="deadline_history"),
                    models.Index(fields=["incident", "pgh_created_at"], name="deadline_histories"),
                ],
            },
        ),
        migrations.CreateModel(
            name="EvidenceEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_context", pghistory.utils.JSONField(null=True)),
                ("id", models.BigIntegerField()),
                ("key", models.UUIDField(default=uuid.uuid4, editable=False)),
                ("title", models.CharField(max_length=200)),
                (
                    "file_name",
                    models.CharField(
                        help_text="As it was called when it was added.", max_length=200
                    ),
                ),
                ("size", models.PositiveBigIntegerField(help_text="Bytes.")),
                ("sha256", models.CharField(max_length=64)),
                (
                    "tlp",
                    models.CharField(
                        choices=[
                            ("RED", "TLP:RED"),
                            ("AMBER+STRICT", "TLP:AMBER+STRICT"),
                            ("AMBER", "TLP:AMBER"),
                            ("GREEN", "TLP:GREEN"),
                            ("CLEAR", "TLP:CLEAR"),
                        ],
                        max_length=12,
                        verbose_name="TLP",
                    ),
                ),
                ("collector", models.CharField(max_length=120)),
                ("collected_at", models.DateTimeField()),
                ("added_at", models.DateTimeField()),
                (
                    "added_by",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "affected_system",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="cases.affectedsystem",
                    ),
                ),
                (
                    "incident",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="cases.incident",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="cases.evidence",
                    ),
                ),
                (
                    "task",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="cases.task",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "indexes": [
                    models.Index(fields=["pgh_obj", "pgh_id"], name="evidence_history"),
                    models.Index(fields=["incident", "pgh_created_at"], name="evidence_histories"),
                ],
            },
        ),
        migrations.CreateModel(
            name="FixEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_context", pghistory.utils.JSONField(null=True)),
                ("id", models.BigIntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[("temporary", "temporary"), ("permanent", "permanent")],
                        max_length=10,
                    ),
                ),
                ("text", models.TextField(help_text="What is changed.")),
                ("change_reference", models.CharField(max_length=80)),
                (
                    "test_evidence",
                    models.TextField(help_text="Where it was tried first, and what came out."),
                ),
                ("rollback_plan", models.TextField(help_text="How to go back.")),
                ("expires_on", models.DateField(null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("proposed", "waits for approval"),
                            ("approved", "approved"),
                            ("replaced", "replaced by another fix"),
                            ("accepted", "accepted to stay"),
                            ("withdrawn", "withdrawn"),
                        ],
                        default="proposed",
                        max_length=10,
                    ),
                ),
                ("proposed_at", models.DateTimeField()),
                ("approved_at", models.DateTimeField(null=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("ended_reason", models.TextField(blank=True)),
                (
                    "approved_by",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "ended_by",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "incident",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="cases.incident",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="cases.fix",
                    ),
                ),
                (
                    "proposed_by",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "replaced_by",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="cases.fix",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "indexes": [
                    models.Index(fields=["pgh_obj", "pgh_id"], name="fix_history"),
                    models.Index(fields=["incident", "pgh_created_at"], name="fix_histories"),
                ],
            },
        ),
        migrations.CreateModel(
            name="NoticeCopyEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_context", pghistory.utils.JSONField(null=True)),
                ("id", models.BigIntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("first", "first notice"),
                            ("update", "update"),
                            ("all_clear", "all clear"),
                            ("correction", "correction"),
                        ],
                        max_length=20,
                    ),
                ),
                ("body", models.TextField(blank=True)),
                ("tlp", models.CharField(max_length=12)),
                ("next_update_at", models.DateTimeField(null=True)),
                ("sent_at", models.DateTimeField(null=True)),
                ("acknowledged_at", models.DateTimeField(null=True)),
                ("acknowledged_by", models.CharField(blank=True, max_length=120)),
                (
                    "involvement",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="cases.involvement",
                    ),
                ),
                (
                    "notice",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="cases.notice",
                    ),
                ),
                (
                    "partner",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="partners.partner",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="cases.noticecopy",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "indexes": [models.Index(fields=["pgh_obj", "pgh_id"], name="noticecopy_history")],
            },
        ),
        migrations.CreateModel(
            name="NoticeEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_context", pghistory.utils.JSONField(null=True)),
                ("id", models.BigIntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("first", "first notice"),
                            ("update", "update"),
                            ("all_clear", "all clear"),
                            ("correction", "correction"),
                        ],
                        max_length=20,
                    ),
                ),
                ("body", models.TextField()),
                ("next_update_at", models.DateTimeField(blank=True, null=True)),
                ("tlp", models.CharField(max_length=12, verbose_name="TLP")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "waits for approval"),
                            ("approved", "approved"),
                            ("sent", "sent"),
                            ("withdrawn", "withdrawn"),
                        ],
                        default="draft",
                        max_length=10,
                    ),
                ),
                ("drafted_at", models.DateTimeField()),
                ("approved_at", models.DateTimeField(null=True)),
                ("sent_at", models.DateTimeField(null=True)),
                (
                    "approved_by",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "drafted_by",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "incident",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="cases.incident",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="cases.notice",
                    ),
                ),
                (
                    "replaces",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="cases.notice",
                    ),
                ),
                (
                    "sent_by",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "abstract": False,
                "indexes": [
                    models.Index(fields=["pgh_obj", "pgh_id"], name="notice_history"),
                    models.Index(fields=["incident", "pgh_created_at"], name="notice_histories"),
                ],
            },
        ),
        migrations.CreateModel(
            name="ReportEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_context", pghistory.utils.JSONField(null=True)),
                ("id", models.BigIntegerField()),
                ("reference", models.CharField(max_length=40)),
                ("title", models.CharField(max_length=200)),
                ("description", models.TextField()),
                ("happened_at", models.DateTimeField(null=True)),
                ("noticed_at", models.DateTimeField()),
                ("reported_at", models.DateTimeField()),
                ("reporter", models.CharField(max_length=120)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("new", "waits for triage"),
                            ("accepted", "became an incident"),
                            ("attached", "belongs to a known incident"),
                            ("declined", "answered"),
                        ],
                        default="new",
                        max_length=10,
                    ),
                ),
                ("answer", models.TextField(blank=True)),
                ("triaged_at", models.DateTimeField(null=True)),
                (
                    "category",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="cases.category",
                    ),
                ),
                (
                    "incident",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="cases.incident",
                    ),
                ),
                (
                    "partner",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="partners.partner",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="cases.report",
                    ),
                ),
                (
                    "reported_by",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "triaged_by",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "abstract": False,
                "indexes": [
                    models.Index(fields=["pgh_obj", "pgh_id"], name="report_history"),
                    models.Index(fields=["incident", "pgh_created_at"], name="report_histories"),
                ],
            },
        ),
        migrations.CreateModel(
            name="SourceEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_context", pghistory.utils.JSONField(null=True)),
                ("id", models.BigIntegerField()),
                ("name", models.CharField(max_length=80)),
                (
                    "format",
                    models.CharField(
                        choices=[
                            ("alertmanager", "Prometheus Alertmanager"),
                            ("pagerduty", "PagerDuty Events v2"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "impact",
                    models.PositiveSmallIntegerField(
                        choices=[(4, "I4"), (3, "I3"), (2, "I2"), (1, "I1")], default=2
                    ),
                ),
                (
                    "scope",
                    models.PositiveSmallIntegerField(
                        choices=[(4, "S4"), (3, "S3"), (2, "S2"), (1, "S1")], default=2
                    ),
                ),
                ("is_active", models.BooleanField(default=True)),
                (
                    "category",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="cases.category",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="cases.source",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "indexes": [models.Index(fields=["pgh_obj", "pgh_id"], name="source_history")],
            },
        ),
        migrations.CreateModel(
            name="SystemEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_context", pghistory.utils.JSONField(null=True)),
                ("id", models.BigIntegerField()),
                ("name", models.CharField(max_length=80)),
                ("description", models.CharField(blank=True, max_length=200)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("service", "service"),
                            ("gateway", "gateway"),
                            ("venue_link", "venue link"),
                            ("data", "data store or feed"),
                            ("network", "network"),
                            ("host", "host or platform"),
                            ("identity", "identity and access"),
                            ("supplier", "supplier"),
                        ],
                        default="service",
                        max_length=20,
                    ),
                ),
                (
                    "is_critical",
                    models.BooleanField(
                        default=False,
                        help_text="A shared critical component: gateway, matching, risk, ledger…",
                    ),
                ),
                ("is_active", models.BooleanField(default=True)),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="cases.system",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "indexes": [models.Index(fields=["pgh_obj", "pgh_id"], name="system_history")],
            },
        ),
        migrations.CreateModel(
            name="TargetEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_context", pghistory.utils.JSONField(null=True)),
                ("id", models.BigIntegerField()),
                ("severity", models.PositiveSmallIntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("acknowledge", "Acknowledge"),
                            ("evaluate", "Commander, category and severity"),
                            ("first_notice", "First partner notice"),
                            ("contain", "Contained"),
                            ("recover", "Recovered"),
                            ("review", "Review held"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "anchor",
                    models.CharField(
                        choices=[
                            ("detected_at", "detection"),
                            ("confirmed_at", "confirmation"),
                            ("recovered_at", "recovery"),
                        ],
                        max_length=20,
                    ),
                ),
                ("amount", models.PositiveIntegerField()),
                (
                    "counting",
                    models.CharField(
                        choices=[
                            (incidentdesk.kernel.clocks.Counting["MINUTES"], "minutes"),
                            (incidentdesk.kernel.clocks.Counting["CALENDAR_DAYS"], "calendar days"),
                            (incidentdesk.kernel.clocks.Counting["BUSINESS_DAYS"], "business days"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="cases.target",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "indexes": [models.Index(fields=["pgh_obj", "pgh_id"], name="target_history")],
            },
        ),
        migrations.CreateModel(
            name="InvolvementEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_context", pghistory.utils.JSONField(null=True)),
                ("id", models.BigIntegerField()),
                ("reference", models.CharField(blank=True, max_length=40)),
                ("title", models.CharField(max_length=200)),
                ("meaning", models.TextField(verbose_name="what it means for this partner")),
                (
                    "severity",
                    models.PositiveSmallIntegerField(verbose_name="severity for this partner"),
                ),
                ("started_at", models.DateTimeField(null=True)),
                ("phase", models.CharField(max_length=20)),
                ("added_at", models.DateTimeField()),
                ("disclosed_at", models.DateTimeField(null=True)),
                ("recovery_confirmed_at", models.DateTimeField(null=True)),
                (
                    "recovery_confirmed_by",
                    models.CharField(blank=True, db_default=models.Value(""), max_length=120),
                ),
                (
                    "disclosed_by",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "incident",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="cases.incident",
                    ),
                ),
                (
                    "partner",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="partners.partner",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="cases.involvement",
                    ),
                ),
                (
                    "continued_as",
                    models.CharField(
                        blank=True,
                        db_default=models.Value(""),
                        help_text="The partner's reference under which a merged incident goes on.",
                        max_length=40,
                    ),
                ),
                (
                    "is_exercise",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        help_text="A drill in which this partner takes part.",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "indexes": [
                    models.Index(fields=["pgh_obj", "pgh_id"], name="involvement_history"),
                    models.Index(
                        fields=["incident", "pgh_created_at"], name="involvement_histories"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="TaskEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_context", pghistory.utils.JSONField(null=True)),
                ("id", models.BigIntegerField()),
                (
                    "phase",
                    models.CharField(
                        choices=[
                            ("containment", "Containment"),
                            ("mitigation", "Mitigation"),
                            ("recovery", "Recovery"),
                        ],
                        max_length=20,
                    ),
                ),
                ("position", models.PositiveSmallIntegerField()),
                ("text", models.CharField(max_length=300)),
                ("needs_evidence", models.BooleanField(default=False)),
                ("needs_second_person", models.BooleanField(default=False)),
                ("is_partner_facing", models.BooleanField(default=False)),
                ("due_at", models.DateTimeField(null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "open"), ("done", "done"), ("waived", "waived")],
                        default="open",
                        max_length=10,
                    ),
                ),
                ("note", models.TextField(blank=True)),
                ("ended_at", models.DateTimeField(null=True)),
                ("confirmed_at", models.DateTimeField(null=True)),
                (
                    "confirmed_by",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "ended_by",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "incident",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="cases.incident",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="cases.task",
                    ),
                ),
                (
                    "confirmation",
                    models.TextField(
                        blank=True,
                        db_default=models.Value(""),
                        help_text="What the second person looked at.",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "indexes": [
                    models.Index(fields=["pgh_obj", "pgh_id"], name="task_history"),
                    models.Index(fields=["incident", "pgh_created_at"], name="task_histories"),
                ],
            },
        ),
        migrations.CreateModel(
            name="IncidentEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_context", pghistory.utils.JSONField(null=True)),
                ("id", models.BigIntegerField()),
                (
                    "reference",
                    models.CharField(db_default=models.Value(""), editable=False, max_length=20),
                ),
                ("title", models.CharField(max_length=200)),
                ("description", models.TextField(blank=True)),
                (
                    "tlp",
                    models.CharField(
                        choices=[
                            ("RED", "TLP:RED"),
                            ("AMBER+STRICT", "TLP:AMBER+STRICT"),
                            ("AMBER", "TLP:AMBER"),
                            ("GREEN", "TLP:GREEN"),
                            ("CLEAR", "TLP:CLEAR"),
                        ],
                        default="AMBER",
                        max_length=12,
                        verbose_name="TLP",
                    ),
                ),
                (
                    "detection",
                    models.CharField(
                        choices=[
                            ("alert", "monitoring alert"),
                            ("anomaly", "anomaly detection"),
                            ("log", "access or activity log"),
                            ("partner", "partner report"),
                            ("staff", "staff"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "detected_by",
                    models.CharField(help_text="For instance: source “prod-eu”.", max_length=120),
                ),
                ("opened_at", models.DateTimeField()),
                ("occurred_at", models.DateTimeField(null=True)),
                ("detected_at", models.DateTimeField()),
                ("aware_at", models.DateTimeField(null=True)),
                ("acknowledged_at", models.DateTimeField(null=True)),
                ("confirmed_at", models.DateTimeField(null=True)),
                ("contained_at", models.DateTimeField(null=True)),
                ("recovery_proposed_at", models.DateTimeField(null=True)),
                ("recovered_at", models.DateTimeField(null=True)),
                ("over_at", models.DateTimeField(null=True)),
                ("impact", models.PositiveSmallIntegerField(null=True)),
                ("scope", models.PositiveSmallIntegerField(null=True)),
                ("urgency", models.PositiveSmallIntegerField(null=True)),
                (
                    "floors",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40),
                        blank=True,
                        default=list,
                        size=None,
                    ),
                ),
                ("severity", models.PositiveSmallIntegerField()),
                ("severity_override", models.PositiveSmallIntegerField(null=True)),
                ("severity_reason", models.TextField(blank=True)),
                (
                    "phase",
                    django_fsm.FSMField(
                        choices=[
                            ("identification", "Identification"),
                            ("containment", "Containment"),
                            ("mitigation", "Mitigation"),
                            ("recovery", "Recovery"),
                            ("review", "Review"),
                            ("closed", "Closed"),
                            ("dismissed", "Dismissed"),
                        ],
                        default="identification",
                        max_length=50,
                        protected=True,
                    ),
                ),
                (
                    "commanded_by",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(),
                        default=list,
                        help_text="Everybody who ever commanded it; none of them approves its review.",
                        size=None,
                    ),
                ),
                (
                    "cause",
                    models.TextField(blank=True, help_text="The cause, or the best hypothesis."),
                ),
                (
                    "resolved_at",
                    models.DateTimeField(
                        help_text="Response is over; the review begins.", null=True
                    ),
                ),
                (
                    "residual_exposure",
                    models.TextField(
                        blank=True,
                        db_default=models.Value(""),
                        help_text="What is still exposed, or none.",
                    ),
                ),
                (
                    "is_exercise",
                    models.BooleanField(
                        db_default=False, default=False, help_text="A drill; out of every figure."
                    ),
                ),
                (
                    "exercise_pages",
                    models.BooleanField(
                        db_default=False, default=False, help_text="The drill pages people."
                    ),
                ),
                (
                    "exercise_tells",
                    models.BooleanField(
                        db_default=False, default=False, help_text="The drill tells partners."
                    ),
                ),
                (
                    "is_restricted",
                    models.BooleanField(
                        db_default=False, default=False, help_text="Open to named people only."
                    ),
                ),
                (
                    "dismissal",
                    models.CharField(
                        blank=True,
                        choices=[("false_positive", "false positive"), ("duplicate", "duplicate")],
                        max_length=20,
                    ),
                ),
                (
                    "acknowledged_by",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "category",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="cases.category",
                    ),
                ),
                (
                    "commander",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "duplicate_of",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="cases.incident",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="cases.incident",
                    ),
                ),
                (
                    "split_from",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="cases.incident",
                    ),
                ),
                (
                    "playbook",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="cases.playbook",
                    ),
                ),
                (
                    "stay",
                    models.PositiveIntegerField(
                        db_default=0,
                        default=0,
                        help_text="Grows when it goes back; what was signed before lapses with it.",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "indexes": [models.Index(fields=["pgh_obj", "pgh_id"], name="incident_history")],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="affectedsystem",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "cases_affectedsystemevent" ("changed_at", "changed_by_id", "checked_by_id", "down_since", "how", "id", "incident_id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "state", "system_id") VALUES (OLD."changed_at", OLD."changed_by_id", OLD."checked_by_id", OLD."down_since", OLD."how", OLD."id", OLD."incident_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, clock_timestamp(), \'update\', OLD."id", OLD."state", OLD."system_id"); RETURN NULL;',
                    hash="7f98eb87eed9882428e5b5977b630d41d7a33050",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_f6281",
                    table="cases_affectedsystem",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="affectedsystem",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "cases_affectedsystemevent" ("changed_at", "changed_by_id", "checked_by_id", "down_since", "how", "id", "incident_id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "state", "system_id") VALUES (OLD."changed_at", OLD."changed_by_id", OLD."checked_by_id", OLD."down_since", OLD."how", OLD."id", OLD."incident_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, clock_timestamp(), \'delete\', OLD."id", OLD."state", OLD."system_id"); RETURN NULL;',
                    hash="024b61a43ff45c9f80ce367787ff31890ad7659a",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_fc9d6",
                    table="cases_affectedsystem",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="affectedsystem",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "cases_affectedsystemevent" ("changed_at", "changed_by_id", "checked_by_id", "down_since", "how", "id", "incident_id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "state", "system_id") VALUES (NEW."changed_at", NEW."changed_by_id", NEW."checked_by_id", NEW."down_since", NEW."how", NEW."id", NEW."incident_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, clock_timestamp(), \'insert\', NEW."id", NEW."state", NEW."system_id"); RETURN NULL;',
                    hash="472c5a8ef622a0a49a87af39f81da0d3d0022aeb",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_730dd",
                    table="cases_affectedsystem",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="assignment",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "cases_assignmentevent" ("accepted_at", "ended_at", "id", "incident_id", "note", "offered_at", "offered_by_id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "role", "user_id") VALUES (OLD."accepted_at", OLD."ended_at", OLD."id", OLD."incident_id", OLD."note", OLD."offered_at", OLD."offered_by_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, clock_timestamp(), \'update\', OLD."id", OLD."role", OLD."user_id"); RETURN NULL;',
                    hash="283d6a0b11887f1d6401a3279ae8d91f361bcfac",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_0e4d0",
                    table="cases_assignment",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="assignment",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "cases_assignmentevent" ("accepted_at", "ended_at", "id", "incident_id", "note", "offered_at", "offered_by_id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "role", "user_id") VALUES (OLD."accepted_at", OLD."ended_at", OLD."id", OLD."incident_id", OLD."note", OLD."offered_at", OLD."offered_by_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, clock_timestamp(), \'delete\', OLD."id", OLD."role", OLD."user_id"); RETURN NULL;',
                    hash="dc65378c41758933533ecf0df68f4f22baa7d64e",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_f7d10",
                    table="cases_assignment",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="assignment",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "cases_assignmentevent" ("accepted_at", "ended_at", "id", "incident_id", "note", "offered_at", "offered_by_id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "role", "user_id") VALUES (NEW."accepted_at", NEW."ended_at", NEW."id", NEW."incident_id", NEW."note", NEW."offered_at", NEW."offered_by_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, clock_timestamp(), \'insert\', NEW."id", NEW."role", NEW."user_id"); RETURN NULL;',
                    hash="edaa37c28e76d26d2c7c0d57eb448666b96867ec",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_7bb6a",
                    table="cases_assignment",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="category",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "cases_categoryevent" ("description", "id", "is_active", "key", "name", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "position") VALUES (OLD."description", OLD."id", OLD."is_active", OLD."key", OLD."name", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, clock_timestamp(), \'update\', OLD."id", OLD."position"); RETURN NULL;',
                    hash="47f8d4bc4ed73c19cd7594350410f6cc27648725",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_d61bc",
                    table="cases_category",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="category",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "cases_categoryevent" ("description", "id", "is_active", "key", "name", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "position") VALUES (OLD."description", OLD."id", OLD."is_active", OLD."key", OLD."name", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, clock_timestamp(), \'delete\', OLD."id", OLD."position"); RETURN NULL;',
                    hash="25773465c0fd37205cf92379a36eb556d2052b0b",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_907f9",
                    table="cases_category",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="category",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "cases_categoryevent" ("description", "id", "is_active", "key", "name", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "position") VALUES (NEW."description", NEW."id", NEW."is_active", NEW."key", NEW."name", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, clock_timestamp(), \'insert\', NEW."id", NEW."position"); RETURN NULL;',
                    hash="171855d292394e071c79543ecf83c80dec9f3af0",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_b8e27",
                    table="cases_category",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="deadline",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "cases_deadlineevent" ("anchor_at", "due_at", "id", "incident_id", "is_dropped", "kind", "met_at", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (OLD."anchor_at", OLD."due_at", OLD."id", OLD."incident_id", OLD."is_dropped", OLD."kind", OLD."met_at", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, clock_timestamp(), \'update\', OLD."id"); RETURN NULL;',
                    hash="953bae01c89e20de5e5a3f605c5e3052c68c2928",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_dbf42",
                    table="cases_deadline",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="deadline",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "cases_deadlineevent" ("anchor_at", "due_at", "id", "incident_id", "is_dropped", "kind", "met_at", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (OLD."anchor_at", OLD."due_at", OLD."id", OLD."incident_id", OLD."is_dropped", OLD."kind", OLD."met_at", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, clock_timestamp(), \'delete\', OLD."id"); RETURN NULL;',
                    hash="a76fd9b7b859207471cd6286e04beede311d4a79",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_7b4bc",
                    table="cases_deadline",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="evidence",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "cases_evidenceevent" ("added_at", "added_by_id", "affected_system_id", "collected_at", "collector", "file_name", "id", "incident_id", "key", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "sha256", "size", "task_id", "title", "tlp") VALUES (OLD."added_at", OLD."added_by_id", OLD."affected_system_id", OLD."collected_at", OLD."collector", OLD."file_name", OLD."id", OLD."incident_id", OLD."key", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, clock_timestamp(), \'update\', OLD."id", OLD."sha256", OLD."size", OLD."task_id", OLD."title", OLD."tlp"); RETURN NULL;',
                    hash="69570fddb52fa9b7e7f2ace51482f6b4d614c5a3",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_78b20",
                    table="cases_evidence",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="evidence",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "cases_evidenceevent" ("added_at", "added_by_id", "affected_system_id", "collected_at", "collector", "file_name", "id", "incident_id", "key", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "sha256", "size", "task_id", "title", "tlp") VALUES (OLD."added_at", OLD."added_by_id", OLD."affected_system_id", OLD."collected_at", OLD."collector", OLD."file_name", OLD."id", OLD."incident_id", OLD."key", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, clock_timestamp(), \'delete\', OLD."id", OLD."sha256", OLD."size", OLD."task_id", OLD."title", OLD."tlp"); RETURN NULL;',
                    hash="4783595730f6590da3b72312b73e79a079db0cdf",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_930c3",
                    table="cases_evidence",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="evidence",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "cases_evidenceevent" ("added_at", "added_by_id", "affected_system_id", "collected_at", "collector", "file_name", "id", "incident_id", "key", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "sha256", "size", "task_id", "title", "tlp") VALUES (NEW."added_at", NEW."added_by_id", NEW."affected_system_id", NEW."collected_at", NEW."collector", NEW."file_name", NEW."id", NEW."incident_id", NEW."key", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, clock_timestamp(), \'insert\', NEW."id", NEW."sha256", NEW."size", NEW."task_id", NEW."title", NEW."tlp"); RETURN NULL;',
                    hash="3a2ad2c4f4f38544ce8a675932caf0a6be0c23b7",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_86f80",
                    table="cases_evidence",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="fix",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "cases_fixevent" ("approved_at", "approved_by_id", "change_reference", "ended_at", "ended_by_id", "ended_reason", "expires_on", "id", "incident_id", "kind", "owner_id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "proposed_at", "proposed_by_id", "replaced_by_id", "rollback_plan", "state", "test_evidence", "text") VALUES (OLD."approved_at", OLD."approved_by_id", OLD."change_reference", OLD."ended_at", OLD."ended_by_id", OLD."ended_reason", OLD."expires_on", OLD."id", OLD."incident_id", OLD."kind", OLD."owner_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, clock_timestamp(), \'update\', OLD."id", OLD."proposed_at", OLD."proposed_by_id", OLD."replaced_by_id", OLD."rollback_plan", OLD."state", OLD."test_evidence", OLD."text"); RETURN NULL;',
                    hash="5549eccd0f9bb927813376db1e9a5a48fd5b09ef",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_5b331",
                    table="cases_fix",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="fix",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "cases_fixevent" ("approved_at", "approved_by_id", "change_reference", "ended_at", "ended_by_id", "ended_reason", "expires_on", "id", "incident_id", "kind", "owner_id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "proposed_at", "proposed_by_id", "replaced_by_id", "rollback_plan", "state", "test_evidence", "text") VALUES (OLD."approved_at", OLD."approved_by_id", OLD."change_reference", OLD."ended_at", OLD."ended_by_id", OLD."ended_reason", OLD."expires_on", OLD."id", OLD."incident_id", OLD."kind", OLD."owner_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, clock_timestamp(), \'delete\', OLD."id", OLD."proposed_at", OLD."proposed_by_id", OLD."replaced_by_id", OLD."rollback_plan", OLD."state", OLD."test_evidence", OLD."text"); RETURN NULL;',
                    hash="ba3c084dda54429845c164b3d714aa879d082e30",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_5ce29",
                    table="cases_fix",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="fix",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "cases_fixevent" ("approved_at", "approved_by_id", "change_reference", "ended_at", "ended_by_id", "ended_reason", "expires_on", "id", "incident_id", "kind", "owner_id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "proposed_at", "proposed_by_id", "replaced_by_id", "rollback_plan", "state", "test_evidence", "text") VALUES (NEW."approved_at", NEW."approved_by_id", NEW."change_reference", NEW."ended_at", NEW."ended_by_id", NEW."ended_reason", NEW."expires_on", NEW."id", NEW."incident_id", NEW."kind", NEW."owner_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, clock_timestamp(), \'insert\', NEW."id", NEW."proposed_at", NEW."proposed_by_id", NEW."replaced_by_id", NEW."rollback_plan", NEW."state", NEW."test_evidence", NEW."text"); RETURN NULL;',
                    hash="2492e270076c670bdfdf7ecc36c8c9313e1d2199",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_df988",
                    table="cases_fix",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="notice",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "cases_noticeevent" ("approved_at", "approved_by_id", "body", "drafted_at", "drafted_by_id", "id", "incident_id", "kind", "next_update_at", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "replaces_id", "sent_at", "sent_by_id", "state", "tlp") VALUES (OLD."approved_at", OLD."approved_by_id", OLD."body", OLD."drafted_at", OLD."drafted_by_id", OLD."id", OLD."incident_id", OLD."kind", OLD."next_update_at", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, clock_timestamp(), \'update\', OLD."id", OLD."replaces_id", OLD."sent_at", OLD."sent_by_id", OLD."state", OLD."tlp"); RETURN NULL;',
                    hash="8f39f759dede1f741081bda2e793a0d7bf9735af",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_8e2f0",
                    table="cases_notice",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="notice",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "cases_noticeevent" ("approved_at", "approved_by_id", "body", "drafted_at", "drafted_by_id", "id", "incident_id", "kind", "next_update_at", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "replaces_id", "sent_at", "sent_by_id", "state", "tlp") VALUES (OLD."approved_at", OLD."approved_by_id", OLD."body", OLD."drafted_at", OLD."drafted_by_id", OLD."id", OLD."incident_id", OLD."kind", OLD."next_update_at", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, clock_timestamp(), \'delete\', OLD."id", OLD."replaces_id", OLD."sent_at", OLD."sent_by_id", OLD."state", OLD."tlp"); RETURN NULL;',
                    hash="c6d03aca7fa60fd1b11accb49ed1f2fe853bfe15",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_f6e8f",
                    table="cases_notice",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="notice",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "cases_noticeevent" ("approved_at", "approved_by_id", "body", "drafted_at", "drafted_by_id", "id", "incident_id", "kind", "next_update_at", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "replaces_id", "sent_at", "sent_by_id", "state", "tlp") VALUES (NEW."approved_at", NEW."approved_by_id", NEW."body", NEW."drafted_at", NEW."drafted_by_id", NEW."id", NEW."incident_id", NEW."kind", NEW."next_update_at", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, clock_timestamp(), \'insert\', NEW."id", NEW."replaces_id", NEW."sent_at", NEW."sent_by_id", NEW."state", NEW."tlp"); RETURN NULL;',
                    hash="e5162eee57c6875709af1ec7762b450e080c5ace",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_b36a4",
                    table="cases_notice",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="noticecopy",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "cases_noticecopyevent" ("acknowledged_at", "acknowledged_by", "body", "id", "involvement_id", "kind", "next_update_at", "notice_id", "partner_id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "sent_at", "tlp") VALUES (OLD."acknowledged_at", OLD."acknowledged_by", OLD."body", OLD."id", OLD."involvement_id", OLD."kind", OLD."next_update_at", OLD."notice_id", OLD."partner_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, clock_timestamp(), \'update\', OLD."id", OLD."sent_at", OLD."tlp"); RETURN NULL;',
                    hash="9b3d78ef1eabc54790c82e8edd2fe8f38999563e",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_fc09b",
                    table="cases_noticecopy",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="noticecopy",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "cases_noticecopyevent" ("acknowledged_at", "acknowledged_by", "body", "id", "involvement_id", "kind", "next_update_at", "notice_id", "partner_id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "sent_at", "tlp") VALUES (OLD."acknowledged_at", OLD."acknowledged_by", OLD."body", OLD."id", OLD."involvement_id", OLD."kind", OLD."next_update_at", OLD."notice_id", OLD."partner_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, clock_timestamp(), \'delete\', OLD."id", OLD."sent_at", OLD."tlp"); RETURN NULL;',
                    hash="90b912da6bdf435f22db0443b403b6c7b852a61d",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_4dd87",
                    table="cases_noticecopy",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="report",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "cases_reportevent" ("answer", "category_id", "description", "happened_at", "id", "incident_id", "noticed_at", "partner_id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "reference", "reported_at", "reported_by_id", "reporter", "state", "title", "triaged_at", "triaged_by_id") VALUES (OLD."answer", OLD."category_id", OLD."description", OLD."happened_at", OLD."id", OLD."incident_id", OLD."noticed_at", OLD."partner_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, clock_timestamp(), \'update\', OLD."id", OLD."reference", OLD."reported_at", OLD."reported_by_id", OLD."reporter", OLD."state", OLD."title", OLD."triaged_at", OLD."triaged_by_id"); RETURN NULL;',
                    hash="8f461fe97ecc479017d79cea28b812fb19392437",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_ecc1b",
                    table="cases_report",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="report",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "cases_reportevent" ("answer", "category_id", "description", "happened_at", "id", "incident_id", "noticed_at", "partner_id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "reference", "reported_at", "reported_by_id", "reporter", "state", "title", "triaged_at", "triaged_by_id") VALUES (OLD."answer", OLD."category_id", OLD."description", OLD."happened_at", OLD."id", OLD."incident_id", OLD."noticed_at", OLD."partner_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, clock_timestamp(), \'delete\', OLD."id", OLD."reference", OLD."reported_at", OLD."reported_by_id", OLD."reporter", OLD."state", OLD."title", OLD."triaged_at", OLD."triaged_by_id"); RETURN NULL;',
                    hash="b82b25253e4648c1984e768791a132e0fae1fc1d",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_db4b5",
                    table="cases_report",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="report",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "cases_reportevent" ("answer", "category_id", "description", "happened_at", "id", "incident_id", "noticed_at", "partner_id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "reference", "reported_at", "reported_by_id", "reporter", "state", "title", "triaged_at", "triaged_by_id") VALUES (NEW."answer", NEW."category_id", NEW."description", NEW."happened_at", NEW."id", NEW."incident_id", NEW."noticed_at", NEW."partner_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, clock_timestamp(), \'insert\', NEW."id", NEW."reference", NEW."reported_at", NEW."reported_by_id", NEW."reporter", NEW."state", NEW."title", NEW."triaged_at", NEW."triaged_by_id"); RETURN NULL;',
                    hash="c0f26ac4ad8e5eab7a903b674dadf19cf06ac618",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_199c9",
                    table="cases_report",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="source",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."category_id" IS DISTINCT FROM (NEW."category_id") OR OLD."format" IS DISTINCT FROM (NEW."format") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."impact" IS DISTINCT FROM (NEW."impact") OR OLD."is_active" IS DISTINCT FROM (NEW."is_active") OR OLD."name" IS DISTINCT FROM (NEW."name") OR OLD."scope" IS DISTINCT FROM (NEW."scope"))',
                    func='INSERT INTO "cases_sourceevent" ("category_id", "format", "id", "impact", "is_active", "name", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "scope") VALUES (OLD."category_id", OLD."format", OLD."id", OLD."impact", OLD."is_active", OLD."name", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, clock_timestamp(), \'update\', OLD."id", OLD."scope"); RETURN NULL;',
                    hash="4bd0d19d6cfa1bf0926e48e5ae77c41315e7fd9f",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_85107",
                    table="cases_source",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="source",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "cases_sourceevent" ("category_id", "format", "id", "impact", "is_active", "name", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "scope") VALUES (OLD."category_id", OLD."format", OLD."id", OLD."impact", OLD."is_active", OLD."name", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, clock_timestamp(), \'delete\', OLD."id", OLD."scope"); RETURN NULL;',
                    hash="76e59d678e122603b42ea131f8ab4cfd9313729c",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_b9e4f",
                    table="cases_source",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="source",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "cases_sourceevent" ("category_id", "format", "id", "impact", "is_active", "name", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "scope") VALUES (NEW."category_id", NEW."format", NEW."id", NEW."impact", NEW."is_active", NEW."name", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, clock_timestamp(), \'insert\', NEW."id", NEW."scope"); RETURN NULL;',
                    hash="28aa80c50015a606c483ec55b6de94694de3bc44",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_34e8b",
                    table="cases_source",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="system",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "cases_systemevent" ("description", "id", "is_active", "is_critical", "kind", "name", "owner_id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (OLD."description", OLD."id", OLD."is_active", OLD."is_critical", OLD."kind", OLD."name", OLD."owner_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, clock_timestamp(), \'update\', OLD."id"); RETURN NULL;',
                    hash="fc9403fa2a01acf13bcec2538d2f2b20b07114f9",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_1f3b7",
                    table="cases_system",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="system",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "cases_systemevent" ("description", "id", "is_active", "is_critical", "kind", "name", "owner_id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (OLD."description", OLD."id", OLD."is_active", OLD."is_critical", OLD."kind", OLD."name", OLD."owner_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, clock_timestamp(), \'delete\', OLD."id"); RETURN NULL;',
                    hash="e66f7016a54f9cc48fda8d2e43ee19544f571b74",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_2f167",
                    table="cases_system",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="system",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "cases_systemevent" ("description", "id", "is_active", "is_critical", "kind", "name", "owner_id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."description", NEW."id", NEW."is_active", NEW."is_critical", NEW."kind", NEW."name", NEW."owner_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, clock_timestamp(), \'insert\', NEW."id"); RETURN NULL;',
                    hash="44bc5e368ad885fea1c2c3ae3f6dfa5128dae91f",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_11ae8",
                    table="cases_system",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="target",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "cases_targetevent" ("amount", "anchor", "counting", "id", "kind", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "severity") VALUES (OLD."amount", OLD."anchor", OLD."counting", OLD."id", OLD."kind", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, clock_timestamp(), \'update\', OLD."id", OLD."severity"); RETURN NULL;',
                    hash="73acab1fe53bda3fcf1fb9ff1d342ec76f1201c0",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_9f4a2",
                    table="cases_target",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="target",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "cases_targetevent" ("amount", "anchor", "counting", "id", "kind", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "severity") VALUES (OLD."amount", OLD."anchor", OLD."counting", OLD."id", OLD."kind", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, clock_timestamp(), \'delete\', OLD."id", OLD."severity"); RETURN NULL;',
                    hash="320d2658d9d57db681eede2117aea086a43b6b1b",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_3d26a",
                    table="cases_target",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="target",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "cases_targetevent" ("amount", "anchor", "counting", "id", "kind", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "severity") VALUES (NEW."amount", NEW."anchor", NEW."counting", NEW."id", NEW."kind", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, clock_timestamp(), \'insert\', NEW."id", NEW."severity"); RETURN NULL;',
                    hash="601ffb92597c3e2aa5e016e9fea5bf9c4a2bd5df",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_7b42e",
                    table="cases_target",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="affectedsystemevent",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="1766d952aabf2cccd3bf21a124bae9e273a2efe9",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_9cc8e",
                    table="cases_affectedsystemevent",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="assignmentevent",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="b0ec62af8418e6ca9437501d5916597dd21b1b77",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_bb2da",
                    table="cases_assignmentevent",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="categoryevent",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="0f6f3b845c751e937042f7127926a0814265fbad",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_aa147",
                    table="cases_categoryevent",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="deadlineevent",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="c76f286a3d23bed2dba53af67547a5f778a04c2d",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_1f744",
                    table="cases_deadlineevent",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="evidenceevent",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="3769904f92dc89fe56d0e0b6dc86178b670568e5",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_8d97f",
                    table="cases_evidenceevent",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="fixevent",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="e93524ad2564fa3ed8a04a57a0cdf8c5adb25b49",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_4f443",
                    table="cases_fixevent",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="incidentevent",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="e22cf17991b2b068531866453f7b303728ea2b8b",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_42911",
                    table="cases_incidentevent",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="involvementevent",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="1241ec538aeef3ec373e54fae6f26da344ef4409",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_0d536",
                    table="cases_involvementevent",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="noticecopyevent",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="75cd51fa6860b93629d63b9e1102f102a962597f",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_c9f3c",
                    table="cases_noticecopyevent",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="noticeevent",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="5769a3ca50f3d23e29c24547320a1d6e3c1a08ae",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_b6ac1",
                    table="cases_noticeevent",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="reportevent",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="20bb0513ac099d530fb17aea8e63bbe9214768d5",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_4b9e2",
                    table="cases_reportevent",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="sourceevent",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="f05276eb3de9433e13eeb0c602b87d3ffd333258",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_62972",
                    table="cases_sourceevent",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="systemevent",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="0c096e83bbc93e0539fac0dbbcecb30be5affa4e",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_aa06a",
                    table="cases_systemevent",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="targetevent",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="07c1ab5900f1962c4df7b17d3d27a0ee83038f0e",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_7398f",
                    table="cases_targetevent",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="taskevent",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="d6c50f0daa5fdc717d01fc307f845a8c7f100453",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_append_only_7007f",
                    table="cases_taskevent",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="incident",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "cases_incidentevent" ("acknowledged_at", "acknowledged_by_id", "aware_at", "category_id", "cause", "commanded_by", "commander_id", "confirmed_at", "contained_at", "description", "detected_at", "detected_by", "detection", "dismissal", "duplicate_of_id", "exercise_pages", "exercise_tells", "floors", "id", "impact", "is_exercise", "is_restricted", "occurred_at", "opened_at", "over_at", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "phase", "playbook_id", "recovered_at", "recovery_proposed_at", "reference", "residual_exposure", "resolved_at", "scope", "severity", "severity_override", "severity_reason", "split_from_id", "stay", "title", "tlp", "urgency") VALUES (OLD."acknowledged_at", OLD."acknowledged_by_id", OLD."aware_at", OLD."category_id", OLD."cause", OLD."commanded_by", OLD."commander_id", OLD."confirmed_at", OLD."contained_at", OLD."description", OLD."detected_at", OLD."detected_by", OLD."detection", OLD."dismissal", OLD."duplicate_of_id", OLD."exercise_pages", OLD."exercise_tells", OLD."floors", OLD."id", OLD."impact", OLD."is_exercise", OLD."is_restricted", OLD."occurred_at", OLD."opened_at", OLD."over_at", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, clock_timestamp(), \'update\', OLD."id", OLD."phase", OLD."playbook_id", OLD."recovered_at", OLD."recovery_proposed_at", OLD."reference", OLD."residual_exposure", OLD."resolved_at", OLD."scope", OLD."severity", OLD."severity_override", OLD."severity_reason", OLD."split_from_id", OLD."stay", OLD."title", OLD."tlp", OLD."urgency"); RETURN NULL;',
                    hash="52f8084d59691ad51135a3ed3d4a1ecbf6d21338",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_474bc",
                    table="cases_incident",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="incident",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "cases_incidentevent" ("acknowledged_at", "acknowledged_by_id", "aware_at", "category_id", "cause", "commanded_by", "commander_id", "confirmed_at", "contained_at", "description", "detected_at", "detected_by", "detection", "dismissal", "duplicate_of_id", "exercise_pages", "exercise_tells", "floors", "id", "impact", "is_exercise", "is_restricted", "occurred_at", "opened_at", "over_at", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "phase", "playbook_id", "recovered_at", "recovery_proposed_at", "reference", "residual_exposure", "resolved_at", "scope", "severity", "severity_override", "severity_reason", "split_from_id", "stay", "title", "tlp", "urgency") VALUES (OLD."acknowledged_at", OLD."acknowledged_by_id", OLD."aware_at", OLD."category_id", OLD."cause", OLD."commanded_by", OLD."commander_id", OLD."confirmed_at", OLD."contained_at", OLD."description", OLD."detected_at", OLD."detected_by", OLD."detection", OLD."dismissal", OLD."duplicate_of_id", OLD."exercise_pages", OLD."exercise_tells", OLD."floors", OLD."id", OLD."impact", OLD."is_exercise", OLD."is_restricted", OLD."occurred_at", OLD."opened_at", OLD."over_at", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, clock_timestamp(), \'delete\', OLD."id", OLD."phase", OLD."playbook_id", OLD."recovered_at", OLD."recovery_proposed_at", OLD."reference", OLD."residual_exposure", OLD."resolved_at", OLD."scope", OLD."severity", OLD."severity_override", OLD."severity_reason", OLD."split_from_id", OLD."stay", OLD."title", OLD."tlp", OLD."urgency"); RETURN NULL;',
                    hash="a1cb990ba5e57d81e2ff974d1cb2dc19049fd6a7",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_eeb29",
                    table="cases_incident",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="incident",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "cases_incidentevent" ("acknowledged_at", "acknowledged_by_id", "aware_at", "category_id", "cause", "commanded_by", "commander_id", "confirmed_at", "contained_at", "description", "detected_at", "detected_by", "detection", "dismissal", "duplicate_of_id", "exercise_pages", "exercise_tells", "floors", "id", "impact", "is_exercise", "is_restricted", "occurred_at", "opened_at", "over_at", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "phase", "playbook_id", "recovered_at", "recovery_proposed_at", "reference", "residual_exposure", "resolved_at", "scope", "severity", "severity_override", "severity_reason", "split_from_id", "stay", "title", "tlp", "urgency") VALUES (NEW."acknowledged_at", NEW."acknowledged_by_id", NEW."aware_at", NEW."category_id", NEW."cause", NEW."commanded_by", NEW."commander_id", NEW."confirmed_at", NEW."contained_at", NEW."description", NEW."detected_at", NEW."detected_by", NEW."detection", NEW."dismissal", NEW."duplicate_of_id", NEW."exercise_pages", NEW."exercise_tells", NEW."floors", NEW."id", NEW."impact", NEW."is_exercise", NEW."is_restricted", NEW."occurred_at", NEW."opened_at", NEW."over_at", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, clock_timestamp(), \'insert\', NEW."id", NEW."phase", NEW."playbook_id", NEW."recovered_at", NEW."recovery_proposed_at", NEW."reference", NEW."residual_exposure", NEW."resolved_at", NEW."scope", NEW."severity", NEW."severity_override", NEW."severity_reason", NEW."split_from_id", NEW."stay", NEW."title", NEW."tlp", NEW."urgency"); RETURN NULL;',
                    hash="ca2f1ee411cd2a8a984fbcf681143610427dbbc0",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_bc2b4",
                    table="cases_incident",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="involvement",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."added_at" IS DISTINCT FROM (NEW."added_at") OR OLD."continued_as" IS DISTINCT FROM (NEW."continued_as") OR OLD."disclosed_at" IS DISTINCT FROM (NEW."disclosed_at") OR OLD."disclosed_by_id" IS DISTINCT FROM (NEW."disclosed_by_id") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."incident_id" IS DISTINCT FROM (NEW."incident_id") OR OLD."is_exercise" IS DISTINCT FROM (NEW."is_exercise") OR OLD."meaning" IS DISTINCT FROM (NEW."meaning") OR OLD."partner_id" IS DISTINCT FROM (NEW."partner_id") OR OLD."phase" IS DISTINCT FROM (NEW."phase") OR OLD."recovery_confirmed_at" IS DISTINCT FROM (NEW."recovery_confirmed_at") OR OLD."recovery_confirmed_by" IS DISTINCT FROM (NEW."recovery_confirmed_by") OR OLD."reference" IS DISTINCT FROM (NEW."reference") OR OLD."severity" IS DISTINCT FROM (NEW."severity") OR OLD."started_at" IS DISTINCT FROM (NEW."started_at") OR OLD."title" IS DISTINCT FROM (NEW."title"))',
                    func='INSERT INTO "cases_involvementevent" ("added_at", "continued_as", "disclosed_at", "disclosed_by_id", "id", "incident_id", "is_exercise", "meaning", "partner_id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "phase", "recovery_confirmed_at", "recovery_confirmed_by", "reference", "severity", "started_at", "title") VALUES (OLD."added_at", OLD."continued_as", OLD."disclosed_at", OLD."disclosed_by_id", OLD."id", OLD."incident_id", OLD."is_exercise", OLD."meaning", OLD."partner_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, clock_timestamp(), \'update\', OLD."id", OLD."phase", OLD."recovery_confirmed_at", OLD."recovery_confirmed_by", OLD."reference", OLD."severity", OLD."started_at", OLD."title"); RETURN NULL;',
                    hash="559621849d35e46b7451e9cca454a5002f9679f0",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_cf369",
                    table="cases_involvement",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="involvement",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "cases_involvementevent" ("added_at", "continued_as", "disclosed_at", "disclosed_by_id", "id", "incident_id", "is_exercise", "meaning", "partner_id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "phase", "recovery_confirmed_at", "recovery_confirmed_by", "reference", "severity", "started_at", "title") VALUES (OLD."added_at", OLD."continued_as", OLD."disclosed_at", OLD."disclosed_by_id", OLD."id", OLD."incident_id", OLD."is_exercise", OLD."meaning", OLD."partner_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, clock_timestamp(), \'delete\', OLD."id", OLD."phase", OLD."recovery_confirmed_at", OLD."recovery_confirmed_by", OLD."reference", OLD."severity", OLD."started_at", OLD."title"); RETURN NULL;',
                    hash="36983e4ab330f8463ba7ecc8a7ca20153d56b966",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_ea339",
                    table="cases_involvement",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="involvement",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "cases_involvementevent" ("added_at", "continued_as", "disclosed_at", "disclosed_by_id", "id", "incident_id", "is_exercise", "meaning", "partner_id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "phase", "recovery_confirmed_at", "recovery_confirmed_by", "reference", "severity", "started_at", "title") VALUES (NEW."added_at", NEW."continued_as", NEW."disclosed_at", NEW."disclosed_by_id", NEW."id", NEW."incident_id", NEW."is_exercise", NEW."meaning", NEW."partner_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, clock_timestamp(), \'insert\', NEW."id", NEW."phase", NEW."recovery_confirmed_at", NEW."recovery_confirmed_by", NEW."reference", NEW."severity", NEW."started_at", NEW."title"); RETURN NULL;',
                    hash="f706f152e02f377e8e6846ece5919cc4705b7d96",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_64c42",
                    table="cases_involvement",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="task",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "cases_taskevent" ("confirmation", "confirmed_at", "confirmed_by_id", "due_at", "ended_at", "ended_by_id", "id", "incident_id", "is_partner_facing", "needs_evidence", "needs_second_person", "note", "owner_id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "phase", "position", "state", "text") VALUES (OLD."confirmation", OLD."confirmed_at", OLD."confirmed_by_id", OLD."due_at", OLD."ended_at", OLD."ended_by_id", OLD."id", OLD."incident_id", OLD."is_partner_facing", OLD."needs_evidence", OLD."needs_second_person", OLD."note", OLD."owner_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, clock_timestamp(), \'update\', OLD."id", OLD."phase", OLD."position", OLD."state", OLD."text"); RETURN NULL;',
                    hash="2bf1898baefcae99364124848c568ffe2553edf6",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_e050d",
                    table="cases_task",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="task",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "cases_taskevent" ("confirmation", "confirmed_at", "confirmed_by_id", "due_at", "ended_at", "ended_by_id", "id", "incident_id", "is_partner_facing", "needs_evidence", "needs_second_person", "note", "owner_id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "phase", "position", "state", "text") VALUES (OLD."confirmation", OLD."confirmed_at", OLD."confirmed_by_id", OLD."due_at", OLD."ended_at", OLD."ended_by_id", OLD."id", OLD."incident_id", OLD."is_partner_facing", OLD."needs_evidence", OLD."needs_second_person", OLD."note", OLD."owner_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, clock_timestamp(), \'delete\', OLD."id", OLD."phase", OLD."position", OLD."state", OLD."text"); RETURN NULL;',
                    hash="5c688381c7d70bb688dd611e4a38a112f207a38c",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_b7669",
                    table="cases_task",
                    when="AFTER",
                ),
            ),
        ),
    ]
