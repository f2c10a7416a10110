"""What was approved also keeps the people whom it names; the portal reads who they are."""

from importlib import import_module

from django.db import migrations

from incidentdesk.kernel import database

before = import_module("cases.migrations.0104_texts_stay")
FUNCTION = before.KEEP[: before.KEEP.index("CREATE TRIGGER")]
REPLACED = FUNCTION.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
NAMED = REPLACED
for row in ("OLD", "NEW"):
    NAMED = NAMED.replace(
        f"{row}.next_update_at)", f"{row}.next_update_at, {row}.contact_ids, {row}.reader_ids)"
    )


class Migration(migrations.Migration):
    dependencies = [("cases", "0108_named_people")]

    operations = [
        database.statement(NAMED, REPLACED),
        database.statement(
            "GRANT SELECT (reader_ids) ON cases_noticecopy TO {portal}",
            "REVOKE SELECT (reader_ids) ON cases_noticecopy FROM {portal}",
        ),
    ]
