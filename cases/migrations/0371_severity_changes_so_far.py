"""The changes of severity so far are read out of the timelines' words, once; from now on each is
written as a fact, and none is changed."""

from django.db import migrations

from incidentdesk.kernel import database

SO_FAR = """
INSERT INTO cases_severitychange (entry_id, former, value)
SELECT id, former, value FROM (
    SELECT id, value, lag(value) OVER (PARTITION BY incident_id ORDER BY sequence) AS former
    FROM (
        SELECT id, incident_id, sequence, substring(body FROM 'SEV-([1-4])')::smallint AS value
        FROM cases_entry WHERE kind IN ('opened', 'evaluation')
    ) AS said WHERE value IS NOT NULL
) AS followed WHERE former <> value
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0370_severity_changes")]

    operations = [
        database.statement(SO_FAR, "SELECT 1"),
        database.append_only("cases_severitychange"),
    ]
