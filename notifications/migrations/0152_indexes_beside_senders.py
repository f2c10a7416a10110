from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

INDEXES = (
    models.Index(
        condition=models.Q(("state__in", ["failed", "bounced"])),
        fields=["-id"],
        name="message_went_wrong",
    ),
    models.Index(
        condition=models.Q(("repeats__isnull", False)),
        fields=["repeats"],
        name="message_repeats",
    ),
)


class Migration(migrations.Migration):
    """The table of messages is large, and whoever sends does not wait for an index."""

    atomic = False

    dependencies = [
        ("notifications", "0151_repeats_name_the_first"),
    ]

    # What an attempt left that was cut off is no index, and stands in the way of the next.
    operations = [
        operation
        for index in INDEXES
        for operation in (
            migrations.RunSQL(
                f"DROP INDEX CONCURRENTLY IF EXISTS {index.name}", migrations.RunSQL.noop
            ),
            AddIndexConcurrently(model_name="message", index=index),
        )
    ]
