"""Severity rules are rows: no choices in code, and a matrix that is not monotone is refused."""

from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models

# `cells` runs as the model says: 16 apart in urgency, 4 in impact, 1 in scope.
IS_MONOTONE = """
CREATE FUNCTION cases_matrix_is_monotone(cells smallint[]) RETURNS boolean
LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT NOT EXISTS (
        SELECT FROM generate_series(0, 2) AS u, generate_series(0, 3) AS i,
            generate_series(0, 3) AS s
        WHERE (i < 3 AND cells[u * 16 + i * 4 + s + 1] < cells[u * 16 + (i + 1) * 4 + s + 1])
            OR (s < 3 AND cells[u * 16 + i * 4 + s + 1] < cells[u * 16 + i * 4 + s + 2])
            OR (u < 2 AND cells[u * 16 + i * 4 + s + 1] < cells[(u + 1) * 16 + i * 4 + s + 1])
    )
$$
"""


class Migration(migrations.Migration):
    dependencies = [("cases", "0012_response_guards")]

    operations = [
        migrations.AlterField("incident", "impact", models.PositiveSmallIntegerField(null=True)),
        migrations.AlterField("incident", "scope", models.PositiveSmallIntegerField(null=True)),
        migrations.AlterField("incident", "urgency", models.PositiveSmallIntegerField(null=True)),
        migrations.AlterField(
            "incident",
            "floors",
            ArrayField(models.CharField(max_length=40), blank=True, default=list, size=None),
        ),
        migrations.AddConstraint(
            "incident",
            models.CheckConstraint(
                condition=models.Q(
                    models.Q(("impact", None), ("impact__range", (1, 4)), _connector="OR"),
                    models.Q(("scope", None), ("scope__range", (1, 4)), _connector="OR"),
                    models.Q(("urgency", None), ("urgency__range", (1, 3)), _connector="OR"),
                ),
                name="incident_axes_in_range",
            ),
        ),
        migrations.RunSQL(IS_MONOTONE, "DROP FUNCTION cases_matrix_is_monotone(smallint[])"),
        migrations.AddConstraint(
            "severitymatrix",
            models.CheckConstraint(
                condition=models.Func(
                    models.F("cells"),
                    function="cases_matrix_is_monotone",
                    output_field=models.BooleanField(),
                ),
                name="matrix_is_monotone",
            ),
        ),
    ]
