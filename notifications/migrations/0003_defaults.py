"""The groups and the ladders by severity that a new desk begins with."""

from typing import Any

from django.db import migrations

from notifications import defaults


def load(apps: Any, schema_editor: Any) -> None:
    defaults.load(apps, schema_editor.connection.alias)


def unload(apps: Any, schema_editor: Any) -> None:
    defaults.unload(apps, schema_editor.connection.alias)


class Migration(migrations.Migration):
    dependencies = [("notifications", "0002_append_only")]

    operations = [migrations.RunPython(load, unload)]
