from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models

OUTCOMES = [
    ("submitted", "sent"),
    ("not_applicable", "not applicable"),
    ("not_sent", "not sent"),
    ("not_owed", "not owed"),
]
WHY = models.Q(("reason", ""), _negated=True)


class Migration(migrations.Migration):
    """A regulator's clock may end as not owed. The constraint looks at old rows in 0373."""

    dependencies = [("cases", "0371_severity_changes_so_far")]

    operations = [
        *(
            migrations.AlterField(
                model_name=name,
                name="outcome",
                field=models.CharField(blank=True, choices=OUTCOMES, default="", max_length=20),
            )
            for name in ("regulatoryclock", "regulatoryclockevent")
        ),
        migrations.RemoveConstraint("regulatoryclock", "regulatory_clock_outcome_is_whole"),
        AddConstraintNotValid(
            "regulatoryclock",
            models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("due_at__isnull", False),
                        ("met_at", None),
                        ("outcome", ""),
                        ("recorded_at", None),
                    ),
                    models.Q(
                        ("met_at__isnull", False),
                        ("outcome", "submitted"),
                        ("recorded_at__isnull", False),
                    ),
                    models.Q(
                        ("met_at", None),
                        ("outcome__in", ["not_applicable", "not_sent"]),
                        ("recorded_at__isnull", False),
                        ("recorded_by__isnull", False),
                        WHY,
                    ),
                    models.Q(
                        ("met_at", None),
                        ("outcome", "not_owed"),
                        ("recorded_at__isnull", False),
                        WHY,
                    ),
                    _connector="OR",
                ),
                name="regulatory_clock_outcome_is_whole",
            ),
        ),
    ]
