"""What stands there already: open actions are agreed, named controls get a row in the register, and
lessons the category and systems of their incident."""

from django.db import migrations

from incidentdesk.kernel import database

FORWARDS = """
UPDATE reviews_preventiveaction SET state = 'agreed' WHERE state = 'open';
INSERT INTO reviews_control (number, title, kind, description, "references", is_retired)
    SELECT 'REV-' || lpad(place::text, greatest(3, length(place::text)), '0'), title, 'control',
        'Named in reviews before there was a register; give it its number and its owner.',
        '{}', false
    FROM (
        SELECT min(btrim(name)) AS title, row_number() OVER (ORDER BY lower(btrim(name))) AS place
        FROM reviews_controlcheck WHERE verdict <> 'missing' AND btrim(name) <> ''
        GROUP BY lower(btrim(name))
    ) AS named;
UPDATE reviews_controlcheck AS held SET control_id = c.id FROM reviews_control AS c
    WHERE lower(c.title) = lower(btrim(held.name)) AND held.verdict <> 'missing';
UPDATE reviews_lesson AS l SET category_id = i.category_id
    FROM reviews_review AS r JOIN cases_incident AS i ON i.id = r.incident_id
    WHERE r.id = l.review_id;
INSERT INTO reviews_lesson_systems (lesson_id, system_id)
    SELECT DISTINCT l.id, a.system_id FROM reviews_lesson AS l
    JOIN reviews_review AS r ON r.id = l.review_id
    JOIN cases_affectedsystem AS a ON a.incident_id = r.incident_id;
"""
BACKWARDS = """
UPDATE reviews_preventiveaction SET state = 'open' WHERE state IN ('agreed', 'in_progress');
UPDATE reviews_preventiveaction SET state = 'done' WHERE state = 'verified';
"""


class Migration(migrations.Migration):
    dependencies = [("reviews", "0020_learning")]

    operations = [database.statement(FORWARDS, BACKWARDS)]
