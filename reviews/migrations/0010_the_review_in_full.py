"""Reviews wait for their approval in a state of their own, and hold a tree of causes and attendees."""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0290_signing_secrets"),
        ("partners", "0110_webhook_secrets"),
        ("reviews", "0002_reminders"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Attendee",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(blank=True, max_length=120)),
                ("added_at", models.DateTimeField()),
            ],
            options={
                "ordering": ("id",),
            },
        ),
        migrations.CreateModel(
            name="Cause",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("text", models.CharField(max_length=500)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("people", "people and training"),
                            ("process", "process"),
                            ("technology", "technology"),
                            ("environment", "environment"),
                            ("third_party", "third party"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "is_root",
                    models.BooleanField(
                        default=False,
                        help_text="A root cause: what has to change so that it does not return.",
                    ),
                ),
                ("added_at", models.DateTimeField()),
            ],
            options={
                "ordering": ("id",),
            },
        ),
        migrations.RemoveConstraint(
            model_name="review",
            name="review_approval_is_a_pair",
        ),
        migrations.AddField(
            model_name="documentupdate",
            name="done_when",
            field=models.TextField(
                blank=True, db_default=models.Value(""), help_text="How one sees that it is done."
            ),
        ),
        migrations.AddField(
            model_name="documentupdate",
            name="due_on",
            field=models.DateField(
                help_text="Empty for those listed before there was one.", null=True
            ),
        ),
        migrations.AddField(
            model_name="documentupdate",
            name="kind",
            field=models.CharField(
                choices=[
                    ("runbook", "runbook"),
                    ("policy", "policy"),
                    ("partner", "document for partners"),
                ],
                db_default="runbook",
                default="runbook",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="documentupdate",
            name="remind_at",
            field=models.DateTimeField(help_text="When its owner is reminded next.", null=True),
        ),
        migrations.AddField(
            model_name="review",
            name="asked_at",
            field=models.DateTimeField(help_text="Since when it waits for approval.", null=True),
        ),
        migrations.AddField(
            model_name="review",
            name="asked_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="review",
            name="luck",
            field=models.TextField(
                blank=True, db_default=models.Value(""), verbose_name="where there was luck"
            ),
        ),
        migrations.AddField(
            model_name="review",
            name="method",
            field=models.CharField(
                choices=[("five_whys", "five whys"), ("fault_tree", "fault tree")],
                db_default="five_whys",
                default="five_whys",
                max_length=10,
                verbose_name="how causes were looked for",
            ),
        ),
        migrations.AddField(
            model_name="review",
            name="not_detected",
            field=models.TextField(
                blank=True,
                db_default=models.Value(""),
                verbose_name="why it was not detected earlier",
            ),
        ),
        migrations.AddField(
            model_name="review",
            name="partner_cause",
            field=models.TextField(
                blank=True, db_default=models.Value(""), verbose_name="the cause, for partners"
            ),
        ),
        migrations.AddField(
            model_name="review",
            name="partner_measures",
            field=models.TextField(
                blank=True, db_default=models.Value(""), verbose_name="what changes, for partners"
            ),
        ),
        migrations.AddField(
            model_name="review",
            name="partner_story",
            field=models.TextField(
                blank=True, db_default=models.Value(""), verbose_name="what happened, for partners"
            ),
        ),
        migrations.AddField(
            model_name="review",
            name="remind_at",
            field=models.DateTimeField(
                help_text="When its approvers are reminded next.", null=True
            ),
        ),
        migrations.AddField(
            model_name="review",
            name="sent_back_reason",
            field=models.TextField(
                blank=True, db_default=models.Value(""), help_text="Why it was last sent back."
            ),
        ),
        migrations.AlterField(
            model_name="review",
            name="state",
            field=models.CharField(
                choices=[("draft", "draft"), ("in_review", "in review"), ("approved", "approved")],
                default="draft",
                max_length=10,
            ),
        ),
        migrations.AddIndex(
            model_name="documentupdate",
            index=models.Index(
                condition=models.Q(("remind_at__isnull", False), ("state", "open")),
                fields=["remind_at", "id"],
                name="document_to_remind_of",
            ),
        ),
        migrations.AddIndex(
            model_name="review",
            index=models.Index(
                condition=models.Q(("remind_at__isnull", False), ("state", "in_review")),
                fields=["remind_at", "id"],
                name="review_to_remind_of",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="documentupdate",
            trigger=pgtrigger.compiler.Trigger(
                name="asked_for_in_a_draft",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n    IF EXISTS (SELECT FROM reviews_review WHERE id = NEW.review_id AND state <> 'draft') THEN\n        RAISE EXCEPTION 'A review that is not a draft stays as it is.'\n            USING ERRCODE = 'check_violation';\n    END IF;\n RETURN NEW;",
                    hash="2acfe7b212328574626eb5c0eb5fce8c414f4baf",
                    operation="INSERT",
                    pgid="pgtrigger_asked_for_in_a_draft_78f32",
                    table="reviews_documentupdate",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="documentupdate",
            trigger=pgtrigger.compiler.Trigger(
                name="taken_back_from_a_draft",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n    IF EXISTS (SELECT FROM reviews_review WHERE id = OLD.review_id AND state <> 'draft') THEN\n        RAISE EXCEPTION 'A review that is not a draft stays as it is.'\n            USING ERRCODE = 'check_violation';\n    END IF;\n RETURN OLD;",
                    hash="8c0d5a8e043e75ef3a9b947597953bf38599bb2c",
                    operation="DELETE",
                    pgid="pgtrigger_taken_back_from_a_draft_57c61",
                    table="reviews_documentupdate",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="review",
            trigger=pgtrigger.compiler.Trigger(
                name="what_is_no_draft_stays",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.state <> 'draft' AND NEW.state <> 'draft' AND (OLD.root_cause, OLD.contributing_factors, OLD.trigger, OLD.not_detected, OLD.went_well, OLD.went_badly, OLD.luck, OLD.partner_story, OLD.partner_cause, OLD.partner_measures, OLD.method, OLD.no_documents_reason, OLD.facilitator_id) IS DISTINCT FROM (NEW.root_cause, NEW.contributing_factors, NEW.trigger, NEW.not_detected, NEW.went_well, NEW.went_badly, NEW.luck, NEW.partner_story, NEW.partner_cause, NEW.partner_measures, NEW.method, NEW.no_documents_reason, NEW.facilitator_id))",
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="044e94f2df09e09d9c16fa9bdbe031d504a38a3a",
                    operation="UPDATE",
                    pgid="pgtrigger_what_is_no_draft_stays_f006f",
                    table="reviews_review",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="review",
            trigger=pgtrigger.compiler.Trigger(
                name="one_step_after_another",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE _is_valid_transition BOOLEAN;",
                    func='SELECT CONCAT(OLD."state", \':\', NEW."state") = ANY(\'{draft:in_review,in_review:draft,in_review:approved,approved:draft}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."state" IS DISTINCT FROM NEW."state") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "state" from "%" to "%" on table %\', OLD."state", NEW."state", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                    hash="4903fca0e3ab10180593a1cb0c16dce2fa7d0c79",
                    operation="UPDATE",
                    pgid="pgtrigger_one_step_after_another_c4ea1",
                    table="reviews_review",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="review",
            trigger=pgtrigger.compiler.Trigger(
                name="approved_by_no_commander",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (NEW.approved_by_id IS NOT NULL)",
                    func="\n    IF NEW.approved_by_id IS DISTINCT FROM NEW.commander_id AND (\n        EXISTS (\n            SELECT FROM cases_incident WHERE id = NEW.incident_id\n            AND (NEW.approved_by_id = commander_id OR NEW.approved_by_id = ANY(commanded_by))\n        ) OR EXISTS (\n            SELECT FROM cases_assignment WHERE incident_id = NEW.incident_id\n            AND role = 'commander' AND accepted_at IS NOT NULL AND user_id = NEW.approved_by_id\n        )\n    ) THEN\n        RAISE EXCEPTION 'A review is approved by nobody who commanded its incident.'\n            USING ERRCODE = 'check_violation';\n    END IF;\n    RETURN NEW;\n",
                    hash="7e5d092d89e88256f46cd1f5a1d89a5e0115c000",
                    operation="INSERT OR UPDATE",
                    pgid="pgtrigger_approved_by_no_commander_8a777",
                    table="reviews_review",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="review",
            trigger=pgtrigger.compiler.Trigger(
                name="led_by_another",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (NEW.facilitator_id IS NOT NULL)",
                    func="\n    IF (TG_OP = 'INSERT' OR NEW.facilitator_id IS DISTINCT FROM OLD.facilitator_id\n        OR NEW.state <> 'draft' AND NEW.state IS DISTINCT FROM OLD.state)\n       AND EXISTS (\n        SELECT FROM cases_incident WHERE id = NEW.incident_id AND severity IN (1, 2)\n        AND NEW.facilitator_id IN (commander_id, NEW.commander_id)\n    ) THEN\n        RAISE EXCEPTION 'The commander of a SEV-1 or SEV-2 does not lead its review.'\n            USING ERRCODE = 'check_violation';\n    END IF;\n    RETURN NEW;\n",
                    hash="0039175dacb73707b0bd120f41d54277f864b6eb",
                    operation="INSERT OR UPDATE",
                    pgid="pgtrigger_led_by_another_2f30b",
                    table="reviews_review",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="review",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("approved_at", None),
                        ("approved_by", None),
                        ("state__in", ["draft", "in_review"]),
                    ),
                    models.Q(
                        ("approved_at__isnull", False),
                        ("approved_by__isnull", False),
                        ("state", "approved"),
                    ),
                    _connector="OR",
                ),
                name="review_approval_is_a_pair",
            ),
        ),
        migrations.AddConstraint(
            model_name="review",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("asked_at", None), ("asked_by", None), ("state", "draft")),
                    models.Q(
                        ("asked_at__isnull", False),
                        ("asked_by__isnull", False),
                        ("state", "in_review"),
                    ),
                    ("state", "approved"),
                    _connector="OR",
                ),
                name="review_asked_for_by_somebody",
            ),
        ),
        migrations.AddField(
            model_name="attendee",
            name="partner",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="partners.partner",
            ),
        ),
        migrations.AddField(
            model_name="attendee",
            name="review",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="attendees",
                to="reviews.review",
            ),
        ),
        migrations.AddField(
            model_name="attendee",
            name="user",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="reviews_attended",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="cause",
            name="entry",
            field=models.ForeignKey(
                help_text="The line of the timeline that shows it.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="cases.entry",
            ),
        ),
        migrations.AddField(
            model_name="cause",
            name="parent",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="below",
                to="reviews.cause",
            ),
        ),
        migrations.AddField(
            model_name="cause",
            name="review",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="causes",
                to="reviews.review",
            ),
        ),
        migrations.AddConstraint(
            model_name="attendee",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("name", ""), ("partner", None), ("user__isnull", False)),
                    models.Q(("user", None), models.Q(("name", ""), _negated=True)),
                    _connector="OR",
                ),
                name="attendee_is_a_person_or_a_name",
            ),
        ),
        migrations.AddConstraint(
            model_name="attendee",
            constraint=models.UniqueConstraint(
                fields=("review", "user", "name", "partner"),
                name="attendee_once",
                nulls_distinct=False,
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="attendee",
            trigger=pgtrigger.compiler.Trigger(
                name="listed_in_a_draft",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n    IF EXISTS (SELECT FROM reviews_review WHERE id = NEW.review_id AND state <> 'draft') THEN\n        RAISE EXCEPTION 'A review that is not a draft stays as it is.'\n            USING ERRCODE = 'check_violation';\n    END IF;\n RETURN NEW;",
                    hash="60f0d41dcfa9fc51d0fee922e968bdec5f2aa164",
                    operation="INSERT OR UPDATE",
                    pgid="pgtrigger_listed_in_a_draft_a8e82",
                    table="reviews_attendee",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="attendee",
            trigger=pgtrigger.compiler.Trigger(
                name="taken_back_from_a_draft",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n    IF EXISTS (SELECT FROM reviews_review WHERE id = OLD.review_id AND state <> 'draft') THEN\n        RAISE EXCEPTION 'A review that is not a draft stays as it is.'\n            USING ERRCODE = 'check_violation';\n    END IF;\n RETURN OLD;",
                    hash="c22eb0987bffd931751b25dedd37871948f0e846",
                    operation="DELETE",
                    pgid="pgtrigger_taken_back_from_a_draft_aeb80",
                    table="reviews_attendee",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="cause",
            constraint=models.CheckConstraint(
                condition=models.Q(("text", ""), _negated=True), name="cause_says_something"
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="cause",
            trigger=pgtrigger.compiler.Trigger(
                name="kept_a_tree",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n    \n    IF EXISTS (SELECT FROM reviews_review WHERE id = NEW.review_id AND state <> 'draft') THEN\n        RAISE EXCEPTION 'A review that is not a draft stays as it is.'\n            USING ERRCODE = 'check_violation';\n    END IF;\n\n    IF NEW.parent_id IS NOT NULL AND NOT EXISTS (\n        SELECT FROM reviews_cause WHERE id = NEW.parent_id AND review_id = NEW.review_id\n    ) THEN\n        RAISE EXCEPTION 'A cause stands below one of the same review.'\n            USING ERRCODE = 'check_violation';\n    END IF;\n    IF (\n        WITH RECURSIVE above AS (\n            SELECT id, parent_id FROM reviews_cause WHERE id = NEW.parent_id\n            UNION ALL\n            SELECT c.id, c.parent_id FROM reviews_cause AS c JOIN above ON c.id = above.parent_id\n        )\n        SELECT count(*) FROM above\n    ) >= 10 THEN\n        RAISE EXCEPTION 'A cause has at most 9 above it.'\n            USING ERRCODE = 'check_violation';\n    END IF;\n    IF TG_OP = 'INSERT'\n       AND (SELECT count(*) FROM reviews_cause WHERE review_id = NEW.review_id) >= 60 THEN\n        RAISE EXCEPTION 'A review has at most 60 causes.' USING ERRCODE = 'check_violation';\n    END IF;\n    IF NEW.entry_id IS NOT NULL AND NOT EXISTS (\n        SELECT FROM cases_entry AS e JOIN reviews_review AS r ON r.incident_id = e.incident_id\n        WHERE e.id = NEW.entry_id AND r.id = NEW.review_id\n    ) THEN\n        RAISE EXCEPTION 'What shows a cause stands on the timeline of the same incident.'\n            USING ERRCODE = 'check_violation';\n    END IF;\n    RETURN NEW;\n",
                    hash="08b2913e52e485ba59c74403a9c5c0d778ee5bc3",
                    operation="INSERT OR UPDATE",
                    pgid="pgtrigger_kept_a_tree_f508b",
                    table="reviews_cause",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="cause",
            trigger=pgtrigger.compiler.Trigger(
                name="removed_from_a_draft",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n    \n    IF EXISTS (SELECT FROM reviews_review WHERE id = OLD.review_id AND state <> 'draft') THEN\n        RAISE EXCEPTION 'A review that is not a draft stays as it is.'\n            USING ERRCODE = 'check_violation';\n    END IF;\n\n    RETURN OLD;\n",
                    hash="3899d37aabfe2ecf269ea6d85ca57c2a04cbc7ae",
                    operation="DELETE",
                    pgid="pgtrigger_removed_from_a_draft_52771",
                    table="reviews_cause",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="cause",
            trigger=pgtrigger.compiler.Trigger(
                name="cause_never_moves",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.parent_id IS DISTINCT FROM NEW.parent_id OR OLD.review_id <> NEW.review_id)",
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="023206fe005e0497fab39dcdbeffc4bbf7a09db5",
                    operation="UPDATE",
                    pgid="pgtrigger_cause_never_moves_ca323",
                    table="reviews_cause",
                    when="BEFORE",
                ),
            ),
        ),
    ]
