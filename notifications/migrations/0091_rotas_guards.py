"""What people agreed on stays; the portal's role sees nothing of it, whatever it is granted."""

from django.db import migrations

from incidentdesk.kernel import database

KEPT = ("absence", "override", "swap")
TABLES = (
    *KEPT,
    "calendarfeed",
    "fixedshift",
    "holiday",
    "holidaycalendar",
    "layer",
    "layerperson",
    "rota",
    "window",
    "escalationstep_rotas",
)
FORWARDS = """
ALTER TABLE notifications_{0} ENABLE ROW LEVEL SECURITY;
CREATE POLICY application ON notifications_{0} TO {{app}} USING (true) WITH CHECK (true);
"""
BACKWARDS = """
DROP POLICY application ON notifications_{0};
ALTER TABLE notifications_{0} DISABLE ROW LEVEL SECURITY;
"""
KEEP = "REVOKE DELETE, TRUNCATE ON notifications_{0} FROM {{app}};"
LET_GO = "GRANT DELETE ON notifications_{0} TO {{app}};"


class Migration(migrations.Migration):
    dependencies = [("notifications", "0090_rotas")]

    operations = [
        database.statement(
            "".join(FORWARDS.format(table) for table in TABLES)
            + "".join(KEEP.format(table) for table in KEPT),
            "".join(LET_GO.format(table) for table in KEPT)
            + "".join(BACKWARDS.format(table) for table in TABLES),
        )
    ]
