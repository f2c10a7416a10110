"""The shipped regimes and their clocks; what is recorded of them is only added to."""

from django.db import migrations

from cases.defaults import regimes
from incidentdesk.kernel import database

EVENTS = ("regime", "regimerule", "ownsupervision", "regulatoryclock")


def load(apps, schema_editor):
    alias = schema_editor.connection.alias
    Regime, Rule = apps.get_model("cases", "Regime"), apps.get_model("cases", "RegimeRule")
    apps.get_model("cases", "OwnSupervision").objects.using(alias).create(id=1)
    position = 0
    for code, name, jurisdiction, source, is_on, since, zone in regimes.REGIMES:
        regime = Regime.objects.using(alias).create(
            code=code,
            name=name,
            jurisdiction=jurisdiction,
            source=source,
            is_on=is_on,
            in_force_on=since,
            zone=zone,
        )
        for rule in regimes.RULES[code]:
            position += 1
            Rule.objects.using(alias).create(regime=regime, position=position, **rule)


class Migration(migrations.Migration):
    dependencies = [("cases", "0300_regulation")]

    operations = [
        migrations.RunPython(load, migrations.RunPython.noop),  # the tables go with 0300
        database.append_only("cases_anchor"),
        *(database.append_only(f"cases_{name}event") for name in EVENTS),
    ]
