"""Classifications belong to their incident and partner and stay; the portal reads the report of a
facts package, and what is missing in it."""

from django.db import migrations

from incidentdesk.kernel import database

OF_ONE = """
CREATE FUNCTION cases_classification_of_incident() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.involvement_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM cases_involvement
        WHERE id = NEW.involvement_id AND incident_id = NEW.incident_id
    ) THEN
        RAISE EXCEPTION 'This partner is not listed in the incident.'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER of_incident BEFORE INSERT ON cases_classification FOR EACH ROW
    EXECUTE FUNCTION cases_classification_of_incident();
CREATE TRIGGER same_partner BEFORE INSERT ON cases_classification FOR EACH ROW
    EXECUTE FUNCTION cases_same_partner('cases_involvement', 'involvement_id');
"""
BACK = """
DROP TRIGGER same_partner ON cases_classification;
DROP TRIGGER of_incident ON cases_classification;
DROP FUNCTION cases_classification_of_incident();
"""
READS = "GRANT SELECT (report, missing) ON cases_factspackage TO {portal}"
READS_NOT = "REVOKE SELECT (report, missing) ON cases_factspackage FROM {portal}"


class Migration(migrations.Migration):
    dependencies = [("cases", "0310_classifications")]

    operations = [
        database.statement(OF_ONE, BACK),
        database.append_only("cases_classification"),
        database.statement(READS, READS_NOT),
    ]
