"""What the database itself refuses: to leave Containment while a partner is undecided."""

from django.db import migrations

from incidentdesk.kernel import database

DECIDED = """
CREATE FUNCTION cases_guard_decisions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM cases_involvement WHERE incident_id = NEW.id AND decision = ''
    ) THEN
        RAISE EXCEPTION 'It has to be decided for every partner whether it is notified.'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER guard_decisions BEFORE UPDATE OF phase ON cases_incident FOR EACH ROW
    WHEN (OLD.phase = 'containment' AND NEW.phase = 'mitigation')
    EXECUTE FUNCTION cases_guard_decisions();
"""
# What was signed for all of an incident's partners becomes the decision for each.
SIGNED = """
UPDATE cases_involvement AS involvement
SET decision = 'not', decision_reason = statement.text, decided_at = statement.signed_at,
    decided_by_id = statement.signed_by_id
FROM cases_statement AS statement JOIN cases_incident AS incident
    ON incident.id = statement.incident_id AND incident.stay = statement.stay
WHERE statement.key = 'notice_not_needed' AND involvement.incident_id = incident.id
    AND NOT EXISTS (
        SELECT FROM cases_noticecopy AS copy
        WHERE copy.involvement_id = involvement.id AND copy.sent_at IS NOT NULL
    )
"""
# Sending a notice was deciding to; the first one says who and when.
SENT = """
UPDATE cases_involvement AS involvement
SET decision = 'notify', decision_reason = 'A notice was sent.', decided_at = first.sent_at,
    decided_by_id = first.sent_by_id
FROM (
    SELECT DISTINCT ON (copy.involvement_id) copy.involvement_id, copy.sent_at, notice.sent_by_id
    FROM cases_noticecopy AS copy JOIN cases_notice AS notice ON notice.id = copy.notice_id
    WHERE copy.sent_at IS NOT NULL AND notice.sent_by_id IS NOT NULL
    ORDER BY copy.involvement_id, copy.sent_at
) AS first
WHERE first.involvement_id = involvement.id
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0100_decisions")]

    operations = [
        database.statement(SIGNED, "SELECT 1"),
        database.statement(SENT, "SELECT 1"),
        database.statement(
            DECIDED,
            "DROP TRIGGER guard_decisions ON cases_incident;DROP FUNCTION cases_guard_decisions();",
        ),
    ]
