"""Statements that are planned once a connection: the same rows, the same refusals, a new plan on a
new connection."""

from __future__ import annotations

import pytest
from django.db import DataError, IntegrityError, connection, transaction

from incidentdesk.kernel.models import AuditEvent
from incidentdesk.kernel.prepared import Inserted, Prepared
from tests.conftest import NOW

pytestmark = pytest.mark.django_db(transaction=True)
SUM = Prepared("sum", "SELECT %(a)s + %(b)s, %(words)s", a="int", b="int", words="text[]")
EVENTS = Inserted(AuditEvent)


def audit(action: str, **more) -> AuditEvent:
    return AuditEvent(at=NOW, actor="x", action=action, about="z", **more)


def known() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM pg_prepared_statements ORDER BY name")
        return [name for (name,) in cursor.fetchall()]


def test_values_are_values_whatever_is_in_them():
    words = ["100 %", "'; DROP TABLE x; --", "%(a)s $1", ""]
    assert SUM.rows({"a": 1, "b": 2, "words": words}) == [(3, words)]


def test_a_connection_plans_once_and_a_new_one_again():
    connection.close()
    for _ in range(2):
        SUM.rows({"a": 1, "b": 2, "words": []})
        assert known() == ["desk_sum"]
    connection.close()
    assert SUM.rows({"a": 1, "b": 2, "words": []}) == [(3, [])]
    assert known() == ["desk_sum"]


def test_planning_outlives_the_rollback_of_the_transaction_it_happened_in():
    connection.close()
    with transaction.atomic():
        SUM.rows({"a": 1, "b": 2, "words": []})
        transaction.set_rollback(True)
    assert SUM.rows({"a": 2, "b": 2, "words": []}) == [(4, [])]


@pytest.mark.parametrize("count", [1, 2, 30])
def test_rows_are_inserted_as_they_are_and_know_their_keys(count):
    made = [audit(f"did {n} %", detail={"n": [n]}) for n in range(count)]
    EVENTS.add(*made)
    found = {row.pk: row for row in AuditEvent.objects.all()}
    assert len(found) == count
    for row in made:
        stored = found[row.pk]
        assert (stored.action, stored.detail, stored.at) == (row.action, row.detail, NOW)
        assert row._state.adding is False


@pytest.mark.parametrize("count", [1, 2])
def test_what_is_too_long_or_missing_is_refused_and_never_cut(count):
    with pytest.raises(DataError):
        EVENTS.add(*[audit("x" * 5000) for _ in range(count)])
    with pytest.raises(IntegrityError):
        EVENTS.add(*[audit(None) for _ in range(count)])
    assert AuditEvent.objects.count() == 0
