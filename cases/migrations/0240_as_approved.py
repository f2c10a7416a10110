"""What an approver saw, under which reference a report is shown, and a partner event of a change."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

from incidentdesk.kernel import database


class Migration(migrations.Migration):
    dependencies = [
        ("cases", "0231_letters_guards"),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name="notice",
            name="approved_text_stays",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="notice",
            name="update_update",
        ),
        migrations.AddField(
            model_name="notice",
            name="approval_seen",
            field=models.JSONField(
                editable=False,
                help_text="What stood around the text for each partner when it was approved.",
                null=True,
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="notice",
            trigger=pgtrigger.compiler.Trigger(
                name="approved_text_stays",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (COALESCE(OLD.approved_at, OLD.sent_at) IS NOT NULL AND (OLD.body, OLD.kind, OLD.tlp, OLD.incident_id, OLD.next_update_at, OLD.drafted_by_id, OLD.approved_by_id, OLD.approved_at, OLD.approval_seen) IS DISTINCT FROM (NEW.body, NEW.kind, NEW.tlp, NEW.incident_id, NEW.next_update_at, NEW.drafted_by_id, NEW.approved_by_id, NEW.approved_at, NEW.approval_seen))",
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="c08dd1f33ddac52366afde067ae1ded222b68952",
                    operation="UPDATE",
                    pgid="pgtrigger_approved_text_stays_e1690",
                    table="cases_notice",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="notice",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."approved_at" IS DISTINCT FROM (NEW."approved_at") OR OLD."approved_by_id" IS DISTINCT FROM (NEW."approved_by_id") OR OLD."body" IS DISTINCT FROM (NEW."body") OR OLD."drafted_at" IS DISTINCT FROM (NEW."drafted_at") OR OLD."drafted_by_id" IS DISTINCT FROM (NEW."drafted_by_id") OR OLD."emergency_reason" IS DISTINCT FROM (NEW."emergency_reason") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."incident_id" IS DISTINCT FROM (NEW."incident_id") OR OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."next_update_at" IS DISTINCT FROM (NEW."next_update_at") OR OLD."replaces_id" IS DISTINCT FROM (NEW."replaces_id") OR OLD."sent_at" IS DISTINCT FROM (NEW."sent_at") OR OLD."sent_by_id" IS DISTINCT FROM (NEW."sent_by_id") OR OLD."state" IS DISTINCT FROM (NEW."state") OR OLD."tlp" IS DISTINCT FROM (NEW."tlp"))',
                    func='INSERT INTO "cases_noticeevent" ("approved_at", "approved_by_id", "body", "drafted_at", "drafted_by_id", "emergency_reason", "id", "incident_id", "kind", "next_update_at", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "replaces_id", "sent_at", "sent_by_id", "state", "tlp") VALUES (OLD."approved_at", OLD."approved_by_id", OLD."body", OLD."drafted_at", OLD."drafted_by_id", OLD."emergency_reason", OLD."id", OLD."incident_id", OLD."kind", OLD."next_update_at", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, clock_timestamp(), \'update\', OLD."id", OLD."replaces_id", OLD."sent_at", OLD."sent_by_id", OLD."state", OLD."tlp"); RETURN NULL;',
                    hash="8869ed0f0258c9fd18c881fbdd77583630bcacd9",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_8e2f0",
                    table="cases_notice",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AlterField(
            model_name="partnerevent",
            name="kind",
            field=models.CharField(
                choices=[
                    ("incident.disclosed", "an incident is shown to you"),
                    ("incident.changed", "what an incident means for you is put in other words"),
                    ("notice.published", "we send you a notice"),
                    ("incident.phase_changed", "an incident moves to another phase"),
                    ("request.opened", "we ask you for something"),
                ],
                max_length=40,
            ),
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="report",
            name="update_update",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="report",
            name="delete_delete",
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name="report",
            name="insert_insert",
        ),
        migrations.AddField(
            model_name="report",
            name="shown_as",
            field=models.CharField(
                blank=True,
                db_default=models.Value(""),
                help_text="The partner's own reference of the incident that it belongs to.",
                max_length=40,
            ),
        ),
        migrations.AddField(
            model_name="reportevent",
            name="shown_as",
            field=models.CharField(
                blank=True,
                db_default=models.Value(""),
                help_text="The partner's own reference of the incident that it belongs to.",
                max_length=40,
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="report",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "cases_reportevent" ("answer", "category_id", "certainty", "description", "happened_at", "id", "incident_id", "noticed_at", "partner_id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "reference", "reported_at", "reported_by_id", "reporter", "shown_as", "state", "title", "triaged_at", "triaged_by_id") VALUES (OLD."answer", OLD."category_id", OLD."certainty", OLD."description", OLD."happened_at", OLD."id", OLD."incident_id", OLD."noticed_at", OLD."partner_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, clock_timestamp(), \'update\', OLD."id", OLD."reference", OLD."reported_at", OLD."reported_by_id", OLD."reporter", OLD."shown_as", OLD."state", OLD."title", OLD."triaged_at", OLD."triaged_by_id"); RETURN NULL;',
                    hash="4829f214fa8dabdd57a743eb43eb9f1fa926ff7c",
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
                    func='INSERT INTO "cases_reportevent" ("answer", "category_id", "certainty", "description", "happened_at", "id", "incident_id", "noticed_at", "partner_id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "reference", "reported_at", "reported_by_id", "reporter", "shown_as", "state", "title", "triaged_at", "triaged_by_id") VALUES (OLD."answer", OLD."category_id", OLD."certainty", OLD."description", OLD."happened_at", OLD."id", OLD."incident_id", OLD."noticed_at", OLD."partner_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, clock_timestamp(), \'delete\', OLD."id", OLD."reference", OLD."reported_at", OLD."reported_by_id", OLD."reporter", OLD."shown_as", OLD."state", OLD."title", OLD."triaged_at", OLD."triaged_by_id"); RETURN NULL;',
                    hash="e004b94dead1b540059716e8e50cc68984164a4e",
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
                    func='INSERT INTO "cases_reportevent" ("answer", "category_id", "certainty", "description", "happened_at", "id", "incident_id", "noticed_at", "partner_id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "reference", "reported_at", "reported_by_id", "reporter", "shown_as", "state", "title", "triaged_at", "triaged_by_id") VALUES (NEW."answer", NEW."category_id", NEW."certainty", NEW."description", NEW."happened_at", NEW."id", NEW."incident_id", NEW."noticed_at", NEW."partner_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, clock_timestamp(), \'insert\', NEW."id", NEW."reference", NEW."reported_at", NEW."reported_by_id", NEW."reporter", NEW."shown_as", NEW."state", NEW."title", NEW."triaged_at", NEW."triaged_by_id"); RETURN NULL;',
                    hash="cdeeccc9c2b28f88f45392356a32a862854e7285",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_199c9",
                    table="cases_report",
                    when="AFTER",
                ),
            ),
        ),
        database.statement(
            """
            UPDATE cases_report AS r SET shown_as = i.reference FROM cases_involvement AS i
                WHERE i.incident_id = r.incident_id AND i.partner_id = r.partner_id
                AND r.state IN ('accepted', 'attached') AND i.disclosed_at IS NOT NULL;
            GRANT SELECT (shown_as) ON cases_report TO {portal};
            """,
            "REVOKE SELECT (shown_as) ON cases_report FROM {portal}",
        ),
    ]
