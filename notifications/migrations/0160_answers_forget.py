"""What a mail server answered is kept as it came, but for the address of somebody who is forgotten."""

import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations

from incidentdesk.kernel import database

# In what servers answered about these messages, each one's own address gives way to `gone`.
UNNAME = r"""
CREATE FUNCTION notifications_unname(ids bigint[], gone text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF gone NOT LIKE '%@forgotten.invalid' THEN
        RAISE EXCEPTION 'An address gives way to that of somebody who is forgotten alone.'
            USING ERRCODE = 'check_violation';
    END IF;
    UPDATE notifications_messageevent e SET detail = regexp_replace(
        e.detail, regexp_replace(m.to_address, '(\W)', '\\\1', 'g'), gone, 'gi')
    FROM notifications_message m
    WHERE m.id = ANY (ids) AND e.message_id = m.id AND m.to_address <> ''
        AND strpos(lower(e.detail), lower(m.to_address)) > 0;
END $$;
REVOKE ALL ON FUNCTION notifications_unname(bigint[], text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION notifications_unname(bigint[], text) TO {app};
"""
BACK = "DROP FUNCTION notifications_unname(bigint[], text)"


class Migration(migrations.Migration):
    dependencies = [("notifications", "0152_indexes_beside_senders")]

    operations = [
        pgtrigger.migrations.RemoveTrigger(model_name="messageevent", name="append_only"),
        pgtrigger.migrations.AddTrigger(
            model_name="messageevent",
            trigger=pgtrigger.compiler.Trigger(
                name="append_only",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="aab385c50b7877ea56ce9c87fa73a3edc60ea8a8",
                    operation="DELETE",
                    pgid="pgtrigger_append_only_4ee3d",
                    table="notifications_messageevent",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="messageevent",
            trigger=pgtrigger.compiler.Trigger(
                name="only_unnamed",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (NOT ((NEW.id, NEW.message_id, NEW.at, NEW.event) IS NOT DISTINCT FROM (OLD.id, OLD.message_id, OLD.at, OLD.event)))",
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="c28ecf3be94588f7799bfed8ceea33dac0e25ed5",
                    operation="UPDATE",
                    pgid="pgtrigger_only_unnamed_14f9c",
                    table="notifications_messageevent",
                    when="BEFORE",
                ),
            ),
        ),
        database.statement(UNNAME, BACK),
    ]
