"""The history of access rules is only added to; the rules that the desk ships with."""

from django.db import migrations

from cases.defaults import access
from incidentdesk.kernel import database


def load(apps, schema_editor):
    alias = schema_editor.connection.alias
    categories = dict(
        apps.get_model("cases", "Category").objects.using(alias).values_list("key", "pk")
    )
    rules = apps.get_model("cases", "AccessRule").objects.using(alias)
    for kind, name, category, urgency, is_on, values in access.RULES:
        known = categories.get(category)
        if known is not None:
            rules.create(
                kind=kind, name=name, category_id=known, urgency=urgency, is_on=is_on, **values
            )


class Migration(migrations.Migration):
    dependencies = [("cases", "0200_access")]

    operations = [
        migrations.RunPython(load, migrations.RunPython.noop),  # the table goes with 0200
        database.append_only("cases_accessruleevent"),
    ]
