"""Texts: the shipped templates, the words of drafts that wait, and what keeps approved ones."""

from django.db import migrations

from cases.defaults import notices
from incidentdesk.kernel import database

KEEP = """
CREATE FUNCTION cases_keep_approved_copy() RETURNS trigger LANGUAGE plpgsql AS $$
-- What a second person stood behind is one text a partner, for exactly these partners.
BEGIN
    IF TG_OP = 'UPDATE' AND (OLD.notice_id, OLD.involvement_id, OLD.partner_id, OLD.kind, OLD.body,
        OLD.is_own, OLD.tlp, OLD.next_update_at) IS NOT DISTINCT FROM (NEW.notice_id,
        NEW.involvement_id, NEW.partner_id, NEW.kind, NEW.body, NEW.is_own, NEW.tlp,
        NEW.next_update_at) THEN
        RETURN NEW;
    END IF;
    IF EXISTS (
        SELECT FROM cases_notice
        WHERE (approved_at IS NOT NULL OR sent_at IS NOT NULL) AND id IN (
            CASE WHEN TG_OP <> 'INSERT' THEN OLD.notice_id END,
            CASE WHEN TG_OP <> 'DELETE' THEN NEW.notice_id END
        )
    ) THEN
        RAISE EXCEPTION 'What was approved keeps its text and its audience.'
            USING ERRCODE = 'check_violation';
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER keep_approved_copy BEFORE INSERT OR UPDATE OR DELETE ON cases_noticecopy
    FOR EACH ROW EXECUTE FUNCTION cases_keep_approved_copy();
"""
# Until now a copy had its words and its promise from the moment of sending on.
FILL = """
UPDATE cases_noticecopy AS copy SET body = notice.body, next_update_at = notice.next_update_at
FROM cases_notice AS notice WHERE notice.id = copy.notice_id AND copy.sent_at IS NULL
"""


def load(apps, schema_editor):
    database_alias = schema_editor.connection.alias
    Category = apps.get_model("cases", "Category")
    NoticeTemplate = apps.get_model("cases", "NoticeTemplate")
    by_key = {row.key: row for row in Category.objects.using(database_alias).all()}
    rows = [NoticeTemplate(kind=kind, body=body) for kind, body in notices.TEMPLATES.items()]
    rows += [
        NoticeTemplate(kind=kind, category=by_key[key], body=body)
        for key, texts in notices.BY_CATEGORY.items()
        if key in by_key
        for kind, body in texts.items()
    ]
    NoticeTemplate.objects.using(database_alias).bulk_create(rows)


def unload(apps, schema_editor):
    schema_editor.execute("DELETE FROM cases_noticetemplate")


class Migration(migrations.Migration):
    dependencies = [("cases", "0103_notice_texts")]

    operations = [
        migrations.RunPython(load, unload),
        database.statement(FILL, "SELECT 1"),
        database.statement(
            KEEP,
            "DROP TRIGGER keep_approved_copy ON cases_noticecopy;"
            "DROP FUNCTION cases_keep_approved_copy();",
        ),
        database.append_only("cases_noticetemplateevent"),
    ]
