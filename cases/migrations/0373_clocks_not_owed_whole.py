from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations

from incidentdesk.kernel import database

BACK = "UPDATE cases_regulatoryclock SET outcome = 'not_applicable' WHERE outcome = 'not_owed'"


class Migration(migrations.Migration):
    """No old row breaks the constraint of 0372; on the way back none is left that it allows."""

    dependencies = [("cases", "0372_clocks_not_owed")]

    operations = [
        database.statement("SELECT 1", BACK),
        ValidateConstraint("regulatoryclock", "regulatory_clock_outcome_is_whole"),
    ]
