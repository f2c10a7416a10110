"""What runs already is reminded of from now on; the shipped times of silence."""

from django.db import migrations

from cases.defaults.severity import SILENCE_MINUTES
from incidentdesk.kernel import database

SHIPPED = ", ".join(f"({severity}, {minutes})" for severity, minutes in SILENCE_MINUTES.items())

# At half of the time; what has passed more of it is told its last stage at the first run.
BEGIN = f"""
UPDATE cases_severityrule AS r SET silence_minutes = shipped.minutes
    FROM (VALUES {SHIPPED}) AS shipped (severity, minutes) WHERE r.severity = shipped.severity;
UPDATE cases_incident SET first_acknowledged_at = acknowledged_at
    WHERE acknowledged_at IS NOT NULL;
UPDATE cases_incident AS i SET silent_at = now() + make_interval(mins => r.silence_minutes)
    FROM cases_severityrule AS r
    WHERE r.severity = i.severity AND i.acknowledged_at IS NOT NULL
    AND i.phase NOT IN ('closed', 'dismissed');
UPDATE cases_deadline AS d SET warn_at = d.anchor_at + (d.due_at - d.anchor_at) / 2
    FROM cases_incident AS i
    WHERE i.id = d.incident_id AND i.phase NOT IN ('closed', 'dismissed')
    AND d.involvement_id IS NULL AND d.met_at IS NULL AND NOT d.is_dropped;
UPDATE cases_task SET due_set_at = least(now(), due_at),
    remind_at = least(now(), due_at) + (due_at - least(now(), due_at)) / 2
    WHERE state = 'open' AND due_at IS NOT NULL;
UPDATE cases_fix SET remind_at =
    approved_at + ((expires_on + 1)::timestamp AT TIME ZONE 'UTC' - approved_at) / 2
    WHERE kind = 'temporary' AND state = 'approved';
UPDATE cases_request SET remind_at = due_set_at + (due_at - due_set_at) / 2 WHERE state = 'open';
UPDATE cases_procedure SET remind_at =
    kept_at + ((valid_until + 1)::timestamp AT TIME ZONE 'UTC' - kept_at) / 2
    WHERE ended_at IS NULL;
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0260_reminders")]

    operations = [database.statement(BEGIN, "SELECT 1")]
