"""The shipped matrix, the levels of its axes, floors and soak times."""

from datetime import UTC, datetime

from django.db import migrations

from cases import defaults

SHIPPED = datetime(2026, 1, 1, tzinfo=UTC)


def load(apps, schema_editor):
    database = schema_editor.connection.alias

    def table(name):
        return apps.get_model("cases", name).objects.using(database)

    table("SeverityMatrix").create(
        cells=[cell for urgency in defaults.MATRIX for row in urgency for cell in row],
        in_force_at=SHIPPED,
        reason="As shipped.",
    )
    AxisLevel = apps.get_model("cases", "AxisLevel")
    table("AxisLevel").bulk_create(
        AxisLevel(axis=axis, value=value, name=name, definition=definition)
        for axis, levels in defaults.LEVELS.items()
        for value, name, definition in levels
    )
    SeverityFloor = apps.get_model("cases", "SeverityFloor")
    table("SeverityFloor").bulk_create(
        SeverityFloor(key=key, words=words, severity=severity, after_minutes=after, source=source)
        for key, words, severity, after, source in defaults.FLOORS
    )
    SeverityRule = apps.get_model("cases", "SeverityRule")
    table("SeverityRule").bulk_create(
        SeverityRule(severity=severity, soak_minutes=minutes)
        for severity, minutes in defaults.SOAK_MINUTES.items()
    )


def unload(apps, schema_editor):
    # In SQL, and without the trigger that keeps matrices: on the way back they go with the table.
    schema_editor.execute("ALTER TABLE cases_severitymatrix DISABLE TRIGGER USER")
    for table in ("severitymatrix", "axislevel", "severityfloor", "severityrule"):
        schema_editor.execute(f"DELETE FROM cases_{table}")
    schema_editor.execute("ALTER TABLE cases_severitymatrix ENABLE TRIGGER USER")


class Migration(migrations.Migration):
    dependencies = [("cases", "0010_response_in_depth")]

    operations = [migrations.RunPython(load, unload)]
