"""When people are reminded next of what is owed, and when an incident is paged again."""

import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0250_repeats_without_index"),
        ("partners", "0100_left"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="assignment",
            name="update_update",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="deadline",
            name="update_update",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="deadline",
            name="delete_delete",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="fix",
            name="update_update",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="incident",
            name="update_update",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="procedure",
            name="update_update",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="request",
            name="update_update",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="task",
            name="update_update",
        ),
        migrations.RemoveField(
            model_name="deadlineevent",
            name="warn_at",
        ),
        migrations.AddField(
            model_name="assignment",
            name="remind_at",
            field=models.DateTimeField(
                help_text="When somebody is paged that the offer has no answer.", null=True
            ),
        ),
        migrations.AddField(
            model_name="assignment",
            name="reminders",
            field=models.PositiveSmallIntegerField(
                db_default=0, default=0, help_text="How often somebody was paged about it."
            ),
        ),
        migrations.AddField(
            model_name="fix",
            name="remind_at",
            field=models.DateTimeField(help_text="When its owner is reminded next.", null=True),
        ),
        migrations.AddField(
            model_name="incident",
            name="first_acknowledged_at",
            field=models.DateTimeField(
                help_text="The first time; a page that starts again leaves it as it is.", null=True
            ),
        ),
        migrations.AddField(
            model_name="incident",
            name="silent_at",
            field=models.DateTimeField(
                help_text="When it is paged again, unless somebody works on it.", null=True
            ),
        ),
        migrations.AddField(
            model_name="procedure",
            name="remind_at",
            field=models.DateTimeField(help_text="When the partner is reminded next.", null=True),
        ),
        migrations.AddField(
            model_name="request",
            name="remind_at",
            field=models.DateTimeField(help_text="When the partner is reminded next.", null=True),
        ),
        migrations.AddField(
            model_name="reviewfacts",
            name="facilitator",
            field=models.ForeignKey(
                help_text="Who leads the review, and is reminded of it.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="severityrule",
            name="silence_minutes",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="After how long without an entry by a person an acknowledged incident is paged again; empty: never.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="task",
            name="due_set_at",
            field=models.DateTimeField(help_text="Since when this time holds.", null=True),
        ),
        migrations.AddField(
            model_name="task",
            name="remind_at",
            field=models.DateTimeField(help_text="When its owner is reminded next.", null=True),
        ),
        migrations.AddIndex(
            model_name="assignment",
            index=models.Index(
                condition=models.Q(
                    ("accepted_at", None), ("ended_at", None), ("remind_at__isnull", False)
                ),
                fields=["remind_at", "id"],
                name="assignment_to_remind_of",
            ),
        ),
        migrations.AddIndex(
            model_name="fix",
            index=models.Index(
                condition=models.Q(
                    ("kind", "temporary"), ("remind_at__isnull", False), ("state", "approved")
                ),
                fields=["remind_at", "id"],
                name="fix_to_remind_of",
            ),
        ),
        migrations.AddIndex(
            model_name="incident",
            index=models.Index(
                condition=models.Q(
                    ("silent_at__isnull", False),
                    models.Q(("phase__in", ["closed", "dismissed"]), _negated=True),
                ),
                fields=["silent_at", "id"],
                name="incident_silent",
            ),
        ),
        migrations.AddIndex(
            model_name="procedure",
            index=models.Index(
                condition=models.Q(("ended_at", None), ("remind_at__isnull", False)),
                fields=["remind_at", "id"],
                name="procedure_to_remind_of",
            ),
        ),
        migrations.AddIndex(
            model_name="request",
            index=models.Index(
                condition=models.Q(("remind_at__isnull", False), ("state", "open")),
                fields=["remind_at", "id"],
                name="request_to_remind_of",
            ),
        ),
        migrations.AddIndex(
            model_name="task",
            index=models.Index(
                condition=models.Q(("remind_at__isnull", False), ("state", "open")),
                fields=["remind_at", "id"],
                name="tasks_to_remind_of",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="assignment",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."accepted_at" IS DISTINCT FROM (NEW."accepted_at") OR OLD."ended_at" IS DISTINCT FROM (NEW."ended_at") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."incident_id" IS DISTINCT FROM (NEW."incident_id") OR OLD."note" IS DISTINCT FROM (NEW."note") OR OLD."offered_at" IS DISTINCT FROM (NEW."offered_at") OR OLD."offered_by_id" IS DISTINCT FROM (NEW."offered_by_id") OR OLD."role" IS DISTINCT FROM (NEW."role") OR OLD."user_id" IS DISTINCT FROM (NEW."user_id"))',
                    func='INSERT INTO "cases_assignmentevent" ("accepted_at", "ended_at", "id", "incident_id", "note", "offered_at", "offered_by_id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "role", "user_id") VALUES (OLD."accepted_at", OLD."ended_at", OLD."id", OLD."incident_id", OLD."note", OLD."offered_at", OLD."offered_by_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, clock_timestamp(), \'update\', OLD."id", OLD."role", OLD."user_id"); RETURN NULL;',
                    hash="803746188e3febc8a1086b5279d9ad071fc98f13",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_0e4d0",
                    table="cases_assignment",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="deadline",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."anchor_at" IS DISTINCT FROM (NEW."anchor_at") OR OLD."due_at" IS DISTINCT FROM (NEW."due_at") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."incident_id" IS DISTINCT FROM (NEW."incident_id") OR OLD."involvement_id" IS DISTINCT FROM (NEW."involvement_id") OR OLD."is_dropped" IS DISTINCT FROM (NEW."is_dropped") OR OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."met_at" IS DISTINCT FROM (NEW."met_at"))',
                    func='INSERT INTO "cases_deadlineevent" ("anchor_at", "due_at", "id", "incident_id", "involvement_id", "is_dropped", "kind", "met_at", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (OLD."anchor_at", OLD."due_at", OLD."id", OLD."incident_id", OLD."involvement_id", OLD."is_dropped", OLD."kind", OLD."met_at", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, clock_timestamp(), \'update\', OLD."id"); RETURN NULL;',
                    hash="e821a5ffde5f866664f1035a1bb13371e647d090",
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
                    func='INSERT INTO "cases_deadlineevent" ("anchor_at", "due_at", "id", "incident_id", "involvement_id", "is_dropped", "kind", "met_at", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (OLD."anchor_at", OLD."due_at", OLD."id", OLD."incident_id", OLD."involvement_id", OLD."is_dropped", OLD."kind", OLD."met_at", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, clock_timestamp(), \'delete\', OLD."id"); RETURN NULL;',
                    hash="706130c06ee8632713d2ba3a1578c113df58ca09",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_7b4bc",
                    table="cases_deadline",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="fix",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."approved_at" IS DISTINCT FROM (NEW."approved_at") OR OLD."approved_by_id" IS DISTINCT FROM (NEW."approved_by_id") OR OLD."change_reference" IS DISTINCT FROM (NEW."change_reference") OR OLD."ended_at" IS DISTINCT FROM (NEW."ended_at") OR OLD."ended_by_id" IS DISTINCT FROM (NEW."ended_by_id") OR OLD."ended_reason" IS DISTINCT FROM (NEW."ended_reason") OR OLD."expires_on" IS DISTINCT FROM (NEW."expires_on") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."incident_id" IS DISTINCT FROM (NEW."incident_id") OR OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."owner_id" IS DISTINCT FROM (NEW."owner_id") OR OLD."proposed_at" IS DISTINCT FROM (NEW."proposed_at") OR OLD."proposed_by_id" IS DISTINCT FROM (NEW."proposed_by_id") OR OLD."replaced_by_id" IS DISTINCT FROM (NEW."replaced_by_id") OR OLD."rollback_plan" IS DISTINCT FROM (NEW."rollback_plan") OR OLD."state" IS DISTINCT FROM (NEW."state") OR OLD."test_evidence" IS DISTINCT FROM (NEW."test_evidence") OR OLD."text" IS DISTINCT FROM (NEW."text"))',
                    func='INSERT INTO "cases_fixevent" ("approved_at", "approved_by_id", "change_reference", "ended_at", "ended_by_id", "ended_reason", "expires_on", "id", "incident_id", "kind", "owner_id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "proposed_at", "proposed_by_id", "replaced_by_id", "rollback_plan", "state", "test_evidence", "text") VALUES (OLD."approved_at", OLD."approved_by_id", OLD."change_reference", OLD."ended_at", OLD."ended_by_id", OLD."ended_reason", OLD."expires_on", OLD."id", OLD."incident_id", OLD."kind", OLD."owner_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, clock_timestamp(), \'update\', OLD."id", OLD."proposed_at", OLD."proposed_by_id", OLD."replaced_by_id", OLD."rollback_plan", OLD."state", OLD."test_evidence", OLD."text"); RETURN NULL;',
                    hash="2a06d6da595377171ef6c3c3de82443c9c6e7380",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_5b331",
                    table="cases_fix",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="incident",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."acknowledged_at" IS DISTINCT FROM (NEW."acknowledged_at") OR OLD."acknowledged_by_id" IS DISTINCT FROM (NEW."acknowledged_by_id") OR OLD."aware_at" IS DISTINCT FROM (NEW."aware_at") OR OLD."category_id" IS DISTINCT FROM (NEW."category_id") OR OLD."cause" IS DISTINCT FROM (NEW."cause") OR OLD."commanded_by" IS DISTINCT FROM (NEW."commanded_by") OR OLD."commander_id" IS DISTINCT FROM (NEW."commander_id") OR OLD."confirmed_at" IS DISTINCT FROM (NEW."confirmed_at") OR OLD."contained_at" IS DISTINCT FROM (NEW."contained_at") OR OLD."description" IS DISTINCT FROM (NEW."description") OR OLD."detected_at" IS DISTINCT FROM (NEW."detected_at") OR OLD."detected_by" IS DISTINCT FROM (NEW."detected_by") OR OLD."detection" IS DISTINCT FROM (NEW."detection") OR OLD."dismissal" IS DISTINCT FROM (NEW."dismissal") OR OLD."duplicate_of_id" IS DISTINCT FROM (NEW."duplicate_of_id") OR OLD."exercise_pages" IS DISTINCT FROM (NEW."exercise_pages") OR OLD."exercise_tells" IS DISTINCT FROM (NEW."exercise_tells") OR OLD."floors" IS DISTINCT FROM (NEW."floors") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."impact" IS DISTINCT FROM (NEW."impact") OR OLD."is_exercise" IS DISTINCT FROM (NEW."is_exercise") OR OLD."is_restricted" IS DISTINCT FROM (NEW."is_restricted") OR OLD."occurred_at" IS DISTINCT FROM (NEW."occurred_at") OR OLD."opened_at" IS DISTINCT FROM (NEW."opened_at") OR OLD."over_at" IS DISTINCT FROM (NEW."over_at") OR OLD."phase" IS DISTINCT FROM (NEW."phase") OR OLD."playbook_id" IS DISTINCT FROM (NEW."playbook_id") OR OLD."recovered_at" IS DISTINCT FROM (NEW."recovered_at") OR OLD."recovery_proposed_at" IS DISTINCT FROM (NEW."recovery_proposed_at") OR OLD."reference" IS DISTINCT FROM (NEW."reference") OR OLD."residual_exposure" IS DISTINCT FROM (NEW."residual_exposure") OR OLD."resolved_at" IS DISTINCT FROM (NEW."resolved_at") OR OLD."scope" IS DISTINCT FROM (NEW."scope") OR OLD."severity" IS DISTINCT FROM (NEW."severity") OR OLD."severity_override" IS DISTINCT FROM (NEW."severity_override") OR OLD."severity_reason" IS DISTINCT FROM (NEW."severity_reason") OR OLD."split_from_id" IS DISTINCT FROM (NEW."split_from_id") OR OLD."stay" IS DISTINCT FROM (NEW."stay") OR OLD."title" IS DISTINCT FROM (NEW."title") OR OLD."tlp" IS DISTINCT FROM (NEW."tlp") OR OLD."urgency" IS DISTINCT FROM (NEW."urgency"))',
                    func='INSERT INTO "cases_incidentevent" ("acknowledged_at", "acknowledged_by_id", "aware_at", "category_id", "cause", "commanded_by", "commander_id", "confirmed_at", "contained_at", "description", "detected_at", "detected_by", "detection", "dismissal", "duplicate_of_id", "exercise_pages", "exercise_tells", "floors", "id", "impact", "is_exercise", "is_restricted", "occurred_at", "opened_at", "over_at", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "phase", "playbook_id", "recovered_at", "recovery_proposed_at", "reference", "residual_exposure", "resolved_at", "scope", "severity", "severity_override", "severity_reason", "split_from_id", "stay", "title", "tlp", "urgency") VALUES (OLD."acknowledged_at", OLD."acknowledged_by_id", OLD."aware_at", OLD."category_id", OLD."cause", OLD."commanded_by", OLD."commander_id", OLD."confirmed_at", OLD."contained_at", OLD."description", OLD."detected_at", OLD."detected_by", OLD."detection", OLD."dismissal", OLD."duplicate_of_id", OLD."exercise_pages", OLD."exercise_tells", OLD."floors", OLD."id", OLD."impact", OLD."is_exercise", OLD."is_restricted", OLD."occurred_at", OLD."opened_at", OLD."over_at", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, clock_timestamp(), \'update\', OLD."id", OLD."phase", OLD."playbook_id", OLD."recovered_at", OLD."recovery_proposed_at", OLD."reference", OLD."residual_exposure", OLD."resolved_at", OLD."scope", OLD."severity", OLD."severity_override", OLD."severity_reason", OLD."split_from_id", OLD."stay", OLD."title", OLD."tlp", OLD."urgency"); RETURN NULL;',
                    hash="0af0dfd0d40a822486785c5e2e3cc74b64b69fa5",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_474bc",
                    table="cases_incident",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="procedure",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."attested_by" IS DISTINCT FROM (NEW."attested_by") OR OLD."ended_at" IS DISTINCT FROM (NEW."ended_at") OR OLD."ended_by_id" IS DISTINCT FROM (NEW."ended_by_id") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."keeper" IS DISTINCT FROM (NEW."keeper") OR OLD."kept_at" IS DISTINCT FROM (NEW."kept_at") OR OLD."kept_by_id" IS DISTINCT FROM (NEW."kept_by_id") OR OLD."link" IS DISTINCT FROM (NEW."link") OR OLD."partner_id" IS DISTINCT FROM (NEW."partner_id") OR OLD."reference" IS DISTINCT FROM (NEW."reference") OR OLD."replaces_id" IS DISTINCT FROM (NEW."replaces_id") OR OLD."scope" IS DISTINCT FROM (NEW."scope") OR OLD."title" IS DISTINCT FROM (NEW."title") OR OLD."valid_until" IS DISTINCT FROM (NEW."valid_until") OR OLD."version" IS DISTINCT FROM (NEW."version"))',
                    func='INSERT INTO "cases_procedureevent" ("attested_by", "ended_at", "ended_by_id", "id", "keeper", "kept_at", "kept_by_id", "link", "partner_id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "reference", "replaces_id", "scope", "title", "valid_until", "version") VALUES (OLD."attested_by", OLD."ended_at", OLD."ended_by_id", OLD."id", OLD."keeper", OLD."kept_at", OLD."kept_by_id", OLD."link", OLD."partner_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, clock_timestamp(), \'update\', OLD."id", OLD."reference", OLD."replaces_id", OLD."scope", OLD."title", OLD."valid_until", OLD."version"); RETURN NULL;',
                    hash="a0fb415d050d2ec05abaa00fd2be948bbb17807a",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_87d8f",
                    table="cases_procedure",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="request",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."answered_at" IS DISTINCT FROM (NEW."answered_at") OR OLD."asked_at" IS DISTINCT FROM (NEW."asked_at") OR OLD."asked_by_id" IS DISTINCT FROM (NEW."asked_by_id") OR OLD."due_at" IS DISTINCT FROM (NEW."due_at") OR OLD."due_set_at" IS DISTINCT FROM (NEW."due_set_at") OR OLD."extension_reason" IS DISTINCT FROM (NEW."extension_reason") OR OLD."extension_until" IS DISTINCT FROM (NEW."extension_until") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."involvement_id" IS DISTINCT FROM (NEW."involvement_id") OR OLD."partner_id" IS DISTINCT FROM (NEW."partner_id") OR OLD."question" IS DISTINCT FROM (NEW."question") OR OLD."reference" IS DISTINCT FROM (NEW."reference") OR OLD."settled_at" IS DISTINCT FROM (NEW."settled_at") OR OLD."settled_by_id" IS DISTINCT FROM (NEW."settled_by_id") OR OLD."state" IS DISTINCT FROM (NEW."state") OR OLD."was_late" IS DISTINCT FROM (NEW."was_late") OR OLD."why" IS DISTINCT FROM (NEW."why"))',
                    func='INSERT INTO "cases_requestevent" ("answered_at", "asked_at", "asked_by_id", "due_at", "due_set_at", "extension_reason", "extension_until", "id", "involvement_id", "partner_id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "question", "reference", "settled_at", "settled_by_id", "state", "was_late", "why") VALUES (OLD."answered_at", OLD."asked_at", OLD."asked_by_id", OLD."due_at", OLD."due_set_at", OLD."extension_reason", OLD."extension_until", OLD."id", OLD."involvement_id", OLD."partner_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, clock_timestamp(), \'update\', OLD."id", OLD."question", OLD."reference", OLD."settled_at", OLD."settled_by_id", OLD."state", OLD."was_late", OLD."why"); RETURN NULL;',
                    hash="719297569e3d3e83e39c73b36a495dedce455768",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_182c6",
                    table="cases_request",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="task",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."confirmation" IS DISTINCT FROM (NEW."confirmation") OR OLD."confirmed_at" IS DISTINCT FROM (NEW."confirmed_at") OR OLD."confirmed_by_id" IS DISTINCT FROM (NEW."confirmed_by_id") OR OLD."due_at" IS DISTINCT FROM (NEW."due_at") OR OLD."ended_at" IS DISTINCT FROM (NEW."ended_at") OR OLD."ended_by_id" IS DISTINCT FROM (NEW."ended_by_id") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."incident_id" IS DISTINCT FROM (NEW."incident_id") OR OLD."is_partner_facing" IS DISTINCT FROM (NEW."is_partner_facing") OR OLD."needs_evidence" IS DISTINCT FROM (NEW."needs_evidence") OR OLD."needs_second_person" IS DISTINCT FROM (NEW."needs_second_person") OR OLD."note" IS DISTINCT FROM (NEW."note") OR OLD."owner_id" IS DISTINCT FROM (NEW."owner_id") OR OLD."phase" IS DISTINCT FROM (NEW."phase") OR OLD."position" IS DISTINCT FROM (NEW."position") OR OLD."state" IS DISTINCT FROM (NEW."state") OR OLD."text" IS DISTINCT FROM (NEW."text"))',
                    func='INSERT INTO "cases_taskevent" ("confirmation", "confirmed_at", "confirmed_by_id", "due_at", "ended_at", "ended_by_id", "id", "incident_id", "is_partner_facing", "needs_evidence", "needs_second_person", "note", "owner_id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "phase", "position", "state", "text") VALUES (OLD."confirmation", OLD."confirmed_at", OLD."confirmed_by_id", OLD."due_at", OLD."ended_at", OLD."ended_by_id", OLD."id", OLD."incident_id", OLD."is_partner_facing", OLD."needs_evidence", OLD."needs_second_person", OLD."note", OLD."owner_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, clock_timestamp(), \'update\', OLD."id", OLD."phase", OLD."position", OLD."state", OLD."text"); RETURN NULL;',
                    hash="955b0d9a0285fa2fcf61ec44a769c06bace61c1c",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_e050d",
                    table="cases_task",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="task",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("remind_at", None),
                    models.Q(("due_at__isnull", False), ("due_set_at__isnull", False)),
                    _connector="OR",
                ),
                name="task_reminded_of_its_time",
            ),
        ),
    ]
