"""The two logs only grow: nobody edits them, neither the code nor a hand on its connection."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from notifications import escalation
from tests.notifications.conftest import ABOUT, NOON, path, person, queue, start

TABLES = ["notifications_messageevent", "notifications_escalationevent"]


@pytest.mark.asvs("16.2.1-16.2.5 16.4.1 16.4.2", 38)
@pytest.mark.django_db
@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    "statement", ["UPDATE {} SET detail = 'other'", "DELETE FROM {}", "TRUNCATE {}"]
)
def test_a_log_cannot_be_changed_emptied_or_cut(table: str, statement: str) -> None:
    path((0, [person("Ada")]))
    start()
    queue()
    escalation.acknowledge(about=ABOUT, by_user_id=None, by_name="Ada", at=NOON)

    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        connection.cursor().execute(statement.format(table))

    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")  # noqa: S608 -- one of our two tables
        assert cursor.fetchone() == (1,)
