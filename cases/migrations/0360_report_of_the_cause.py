from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models

INCIDENT = [
    ("acknowledge", "Acknowledge"),
    ("evaluate", "Commander, category and severity"),
    ("first_notice", "First partner notice"),
    ("contain", "Contained"),
    ("recover", "Recovered"),
    ("review", "Review held"),
]
PARTNER = [
    ("partner_notice", "Notice by contract"),
    ("next_update", "Promised update"),
    ("facts_initial", "First facts package"),
    ("facts_interim", "Interim facts package"),
    ("facts_final", "Final facts package"),
    ("root_cause_report", "Report of the cause"),
]
TARGET = [*INCIDENT, ("root_cause_report", "Report of the cause, to each partner")]
MODELS = {"deadline": INCIDENT + PARTNER, "target": TARGET}


class Migration(migrations.Migration):
    """A partner's clock for the report of the cause. The constraint looks at old rows in 0361."""

    dependencies = [("cases", "0351_legal_hold_guards")]

    operations = [
        *(
            migrations.AlterField(
                model_name=f"{model}{history}",
                name="kind",
                field=models.CharField(choices=choices, max_length=20),
            )
            for model, choices in MODELS.items()
            for history in ("", "event")
        ),
        migrations.RemoveConstraint("deadline", "deadline_of_a_partner_or_none"),
        AddConstraintNotValid(
            "deadline",
            models.CheckConstraint(
                condition=models.Q(
                    ("involvement", None),
                    ("kind__in", [kind for kind, _ in PARTNER]),
                    _connector="XOR",
                ),
                name="deadline_of_a_partner_or_none",
            ),
        ),
    ]
