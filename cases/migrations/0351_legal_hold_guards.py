"""What belongs to a held incident does not go, whoever asks."""

from django.db import migrations

from incidentdesk.kernel import database

GUARDS = """
CREATE FUNCTION cases_refuse_if_held(ids bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM cases_legalhold WHERE incident_id = ANY (ids)) THEN
        RAISE EXCEPTION 'It belongs to an incident under legal hold and stays.'
            USING ERRCODE = 'check_violation';
    END IF;
END $$;
CREATE FUNCTION cases_event_stays_held() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM cases_refuse_if_held(array_append(OLD.concerns, OLD.incident_id));
    RETURN OLD;
END $$;
CREATE FUNCTION cases_letter_stays_held() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM cases_refuse_if_held(ARRAY[
        OLD.incident_id,
        (SELECT incident_id FROM cases_report WHERE id = OLD.report_id),
        (SELECT i.incident_id FROM cases_request r JOIN cases_involvement i
            ON i.id = r.involvement_id WHERE r.id = OLD.request_id)]);
    RETURN NEW;
END $$;
CREATE FUNCTION cases_entry_stays_held() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM cases_refuse_if_held(ARRAY[NEW.incident_id]);
    RETURN NEW;
END $$;
CREATE TRIGGER stays_held BEFORE DELETE ON cases_event FOR EACH ROW
    EXECUTE FUNCTION cases_event_stays_held();
CREATE TRIGGER stays_held BEFORE UPDATE ON cases_letter FOR EACH ROW
    WHEN (OLD.forgotten_at IS NULL AND NEW.forgotten_at IS NOT NULL)
    EXECUTE FUNCTION cases_letter_stays_held();
CREATE TRIGGER stays_held BEFORE INSERT ON cases_entry FOR EACH ROW
    WHEN (NEW.kind = 'blanking')
    EXECUTE FUNCTION cases_entry_stays_held();
"""
BACK = """
DROP TRIGGER stays_held ON cases_entry;
DROP TRIGGER stays_held ON cases_letter;
DROP TRIGGER stays_held ON cases_event;
DROP FUNCTION cases_entry_stays_held();
DROP FUNCTION cases_letter_stays_held();
DROP FUNCTION cases_event_stays_held();
DROP FUNCTION cases_refuse_if_held(bigint[]);
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0350_legal_hold")]

    operations = [database.statement(GUARDS, BACK)]
