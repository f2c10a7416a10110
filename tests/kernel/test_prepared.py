"""Statements that are planned once a connection: the same rows, the same refusals, a new plan on a
new connection."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DataError, IntegrityError, connection, transaction
from django.db.models import Count, Q, QuerySet

from incidentdesk.kernel.models import AuditEvent, Token
from incidentdesk.kernel.prepared import Asked, Inserted, Prepared
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


# --- querysets that are asked often ---------------------------------------------------------------


def tokens(user_id: int, row_id: int) -> QuerySet[Token]:
    """Of this person, or that one; their name has a per cent sign and a quote in it."""
    rows = Token.objects.filter(Q(user_id=user_id) | Q(pk__in=[row_id]), name="7 %'s")
    return rows.select_related("user").annotate(n=Count("user__email")).order_by("-id")[:2]


def told(rows: list[Token]) -> list[tuple[object, ...]]:
    return [(r.pk, r.name, r.scopes, r.created_at, r.user.email, vars(r)["n"]) for r in rows]


def test_a_queryset_asked_so_answers_as_by_itself_whatever_the_numbers_are(people):
    one, other = people["commander"], people["approver"]
    words = {"scopes": ["read"], "created_at": NOW, "expires_at": NOW + timedelta(days=1)}
    names = [(one, "7 %'s"), (one, "8"), (one, "7 %'s"), (one, "7 %'s"), (other, "7 %'s")]
    made = [
        Token.objects.create(user=user, name=name, digest=str(n) * 64, **words)
        for n, (user, name) in enumerate(names)
    ]
    asked = Asked(tokens, "user_id", "row_id")
    for user_id in (one.pk, other.pk, 0):
        for row_id in (made[0].pk, made[1].pk, 0):
            by_itself = told(list(tokens(user_id, row_id)))
            assert told(asked.rows(user_id=user_id, row_id=row_id)) == by_itself
    assert [r.pk for r in asked.rows(user_id=one.pk, row_id=0)] == [made[3].pk, made[2].pk]
    assert [r.pk for r in asked.rows(user_id=0, row_id=made[0].pk)] == [made[0].pk]


def test_it_is_planned_once_a_connection_and_asks_nothing_besides(django_assert_num_queries):
    asked = Asked(tokens, "user_id", "row_id")
    connection.close()
    asked.rows(user_id=1, row_id=1)
    assert len(known()) == 1
    with django_assert_num_queries(1):
        assert asked.rows(user_id=2, row_id=2) == []
    assert len(known()) == 1
    connection.close()
    assert asked.rows(user_id=2, row_id=2) == []
