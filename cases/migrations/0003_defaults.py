"""The shipped categories, playbooks and target times."""

from django.db import migrations

from cases import defaults


def load(apps, schema_editor):
    database = schema_editor.connection.alias
    Category = apps.get_model("cases", "Category")
    PlaybookTask = apps.get_model("cases", "PlaybookTask")
    Target = apps.get_model("cases", "Target")
    for position, (key, name, description) in enumerate(defaults.CATEGORIES, start=1):
        category = Category.objects.using(database).create(
            key=key, name=name, description=description, position=position
        )
        PlaybookTask.objects.using(database).bulk_create(
            PlaybookTask(
                category=category,
                phase=phase,
                position=number,
                text=text.split(" [")[0].rstrip("."),
                needs_evidence="[E]" in text,
                needs_second_person="[2]" in text,
                is_partner_facing="[P]" in text,
            )
            for phase, texts in defaults.PLAYBOOKS[key].items()
            for number, text in enumerate(texts, start=1)
        )
    Target.objects.using(database).bulk_create(
        Target(severity=severity, kind=kind, anchor=anchor, amount=amount, counting=counting)
        for severity, rows in defaults.TARGETS.items()
        for kind, anchor, amount, counting in rows
    )


def unload(apps, schema_editor):
    # In SQL: on the way back the models of this moment do not all know each other.
    schema_editor.execute("DELETE FROM cases_playbooktask")
    schema_editor.execute("DELETE FROM cases_target")
    keys = [key for key, *_ in defaults.CATEGORIES]
    schema_editor.execute("DELETE FROM cases_category WHERE key = ANY(%s)", [keys])


class Migration(migrations.Migration):
    dependencies = [("cases", "0002_guards")]

    operations = [migrations.RunPython(load, unload)]
