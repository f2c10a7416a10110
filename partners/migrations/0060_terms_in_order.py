"""Contract terms in an order that can be kept. Terms agreed before stay until changed."""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("partners", "0051_preferences_guards"),
    ]

    operations = [
        AddConstraintNotValid(
            model_name="terms",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("notice_sev2", None),
                        ("notice_sev1", None),
                        ("notice_sev2__gte", models.F("notice_sev1")),
                        _connector="OR",
                    ),
                    models.Q(
                        ("notice_sev3", None),
                        models.Q(
                            models.Q(
                                ("notice_sev1", None),
                                ("notice_sev3__gte", models.F("notice_sev1")),
                                _connector="OR",
                            ),
                            models.Q(
                                ("notice_sev2", None),
                                ("notice_sev3__gte", models.F("notice_sev2")),
                                _connector="OR",
                            ),
                        ),
                        _connector="OR",
                    ),
                    models.Q(
                        ("notice_sev4", None),
                        models.Q(
                            models.Q(
                                ("notice_sev1", None),
                                ("notice_sev4__gte", models.F("notice_sev1")),
                                _connector="OR",
                            ),
                            models.Q(
                                ("notice_sev2", None),
                                ("notice_sev4__gte", models.F("notice_sev2")),
                                _connector="OR",
                            ),
                            models.Q(
                                ("notice_sev3", None),
                                ("notice_sev4__gte", models.F("notice_sev3")),
                                _connector="OR",
                            ),
                        ),
                        _connector="OR",
                    ),
                ),
                name="terms_tell_the_worse_first",
                violation_error_message="A milder severity cannot be due for notice sooner than a "
                "worse one; put the minutes in order from SEV-1 to SEV-4.",
            ),
        ),
        AddConstraintNotValid(
            model_name="terms",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("facts_initial_hours__gte", 1),
                    ("facts_interim_hours__gte", models.F("facts_initial_hours")),
                    (
                        "facts_final_days__gte",
                        models.F("facts_interim_hours") / 24.0,
                    ),
                ),
                name="terms_facts_in_order",
                violation_error_message="Facts packages come in order, an hour after confirmation at "
                "the earliest: the first, then the interim one, then the final one (in days).",
            ),
        ),
        migrations.AlterConstraint(
            model_name="terms",
            name="terms_leave_time",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("notice_sev1", None), ("notice_sev1__gte", 1), _connector="OR"),
                    models.Q(("notice_sev2", None), ("notice_sev2__gte", 1), _connector="OR"),
                    models.Q(("notice_sev3", None), ("notice_sev3__gte", 1), _connector="OR"),
                    models.Q(("notice_sev4", None), ("notice_sev4__gte", 1), _connector="OR"),
                    ("acknowledge_minutes__gte", 1),
                ),
                name="terms_leave_time",
                violation_error_message="Leave a minute or more for each notice and for its "
                "acknowledgement.",
            ),
        ),
    ]
