"""A phase that changed without its move on record is refused when the transaction ends."""

from django.db import migrations

from incidentdesk.kernel import database

ON_RECORD = """
CREATE FUNCTION cases_require_move() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
-- Asked at the end of the transaction: the newest move leads to the phase that the incident is in.
DECLARE now_in text; moved_to text;
BEGIN
    SELECT phase INTO now_in FROM cases_incident WHERE id = NEW.id;
    SELECT to_phase INTO moved_to FROM cases_move WHERE incident_id = NEW.id
        ORDER BY id DESC LIMIT 1;
    IF moved_to IS DISTINCT FROM now_in THEN
        RAISE EXCEPTION 'The phase of % became % without a move on record.', NEW.reference, now_in
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER begun_on_record AFTER INSERT ON cases_incident
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION cases_require_move();
CREATE CONSTRAINT TRIGGER moved_on_record AFTER UPDATE OF phase ON cases_incident
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.phase IS DISTINCT FROM NEW.phase)
    EXECUTE FUNCTION cases_require_move();
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0041_partners_confirm_recovery")]

    operations = [
        database.statement(
            ON_RECORD,
            "DROP TRIGGER moved_on_record ON cases_incident;"
            "DROP TRIGGER begun_on_record ON cases_incident;"
            "DROP FUNCTION cases_require_move()",
        ),
    ]
