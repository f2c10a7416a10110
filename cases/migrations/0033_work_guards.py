"""What the database itself refuses: a published playbook that changes, a critical system that is
restored and that nobody else has checked."""

from django.db import migrations

from incidentdesk.kernel import database

PLAYBOOKS = """
CREATE FUNCTION cases_keep_playbook() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.published_at IS NOT NULL THEN
        RAISE EXCEPTION 'A published playbook never changes; start a draft instead.'
            USING ERRCODE = 'check_violation';
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER keep_playbook BEFORE UPDATE OR DELETE ON cases_playbook
    FOR EACH ROW EXECUTE FUNCTION cases_keep_playbook();

CREATE FUNCTION cases_keep_playbook_task() RETURNS trigger LANGUAGE plpgsql AS $$
-- FOR SHARE: who publishes meanwhile is waited for, and then seen.
DECLARE published boolean;
BEGIN
    SELECT bool_or(found.published_at IS NOT NULL) INTO published FROM (
        SELECT published_at FROM cases_playbook
        WHERE id IN (
            CASE WHEN TG_OP <> 'INSERT' THEN OLD.playbook_id END,
            CASE WHEN TG_OP <> 'DELETE' THEN NEW.playbook_id END
        )
        FOR SHARE
    ) AS found;
    IF published THEN
        RAISE EXCEPTION 'A published playbook never changes; start a draft instead.'
            USING ERRCODE = 'check_violation';
    END IF;
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER keep_playbook_task BEFORE INSERT OR UPDATE OR DELETE ON cases_playbooktask
    FOR EACH ROW EXECUTE FUNCTION cases_keep_playbook_task();
"""
SYSTEMS = """
CREATE FUNCTION cases_check_restored() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state = 'restored' AND NEW.checked_by_id IS NULL
        AND (SELECT is_critical FROM cases_system WHERE id = NEW.system_id) THEN
        RAISE EXCEPTION 'A critical system is restored once a second person has checked it.'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER check_restored BEFORE INSERT OR UPDATE OF state, checked_by_id, system_id
    ON cases_affectedsystem FOR EACH ROW EXECUTE FUNCTION cases_check_restored();
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0032_tasks_of_playbooks")]

    operations = [
        database.statement(
            PLAYBOOKS,
            "DROP TRIGGER keep_playbook_task ON cases_playbooktask;"
            "DROP FUNCTION cases_keep_playbook_task();"
            "DROP TRIGGER keep_playbook ON cases_playbook;"
            "DROP FUNCTION cases_keep_playbook();",
        ),
        database.statement(
            SYSTEMS,
            "DROP TRIGGER check_restored ON cases_affectedsystem;"
            "DROP FUNCTION cases_check_restored();",
        ),
    ]
