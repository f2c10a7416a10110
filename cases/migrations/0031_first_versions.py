"""What stood in each category's playbook becomes its version 1, and incidents keep that one.

On the way back a category has the tasks of its newest published version; older ones and drafts go.
"""

from django.db import migrations

FIRST = """
INSERT INTO cases_playbook (category_id, version, note, published_at)
    SELECT DISTINCT category_id, 1, 'The first version.',
        timestamptz '2026-01-01 00:00:00+00'
    FROM cases_playbooktask;
UPDATE cases_playbooktask AS task SET playbook_id = playbook.id
    FROM cases_playbook AS playbook WHERE playbook.category_id = task.category_id;
UPDATE cases_incident AS incident SET playbook_id = playbook.id
    FROM cases_playbook AS playbook
    WHERE playbook.category_id = incident.category_id
        AND EXISTS (SELECT FROM cases_task WHERE incident_id = incident.id);
"""
BACK = """
UPDATE cases_incident SET playbook_id = NULL WHERE playbook_id IS NOT NULL;
DELETE FROM cases_playbooktask WHERE playbook_id NOT IN (
    SELECT DISTINCT ON (category_id) id FROM cases_playbook
    WHERE published_at IS NOT NULL ORDER BY category_id, version DESC
);
UPDATE cases_playbooktask AS task SET category_id = playbook.category_id, playbook_id = NULL
    FROM cases_playbook AS playbook WHERE playbook.id = task.playbook_id;
DELETE FROM cases_playbook;
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0030_playbook_versions")]

    operations = [migrations.RunSQL(FIRST, BACK)]
