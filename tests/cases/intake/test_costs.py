"""What an alert costs: a fixed number of statements, whatever the number of rows."""

from __future__ import annotations

import re

import pytest
from django.db import connection

from cases.intake import statements
from cases.models import Alert, Event, Incident
from tests.cases.intake.conftest import alert, answer, call, counted, event

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("source", "pagerduty")]
NEW, REPEAT = 15, 3


def alerts(count: int, **more):
    return [alert(f"A{number}", **more) for number in range(count)]


@pytest.fixture
def crowded(post):
    """Thirty incidents of other groups stand there already, with an alert each."""
    for number in range(30):
        answer(post(call(alert(f"Old{number}"), group=f"old {number}")))


def costs(post, payload, **to) -> list[str]:
    with counted() as found:
        answer(post(payload, **to))
    return found


@pytest.mark.parametrize("count", [1, 30])
def test_a_new_incident_costs_the_same_for_one_alert_and_for_thirty(post, count):
    statements = costs(post, call(*alerts(count, severity="critical")))
    assert len(statements) <= NEW, "\n".join(statements)
    assert (Incident.objects.count(), Alert.objects.count()) == (1, count)


@pytest.mark.parametrize("count", [1, 30])
def test_a_repeat_costs_the_same_for_one_alert_and_for_thirty(post, count):
    answer(post(call(*alerts(count))))
    statements = costs(post, call(*alerts(count)))
    assert len(statements) <= REPEAT, "\n".join(statements)
    assert set(Alert.objects.values_list("count", flat=True)) == {2}


def test_thirty_incidents_on_the_desk_make_neither_dearer(post, crowded):
    new = costs(post, call(alert(), group="new"))
    assert len(new) <= NEW, "\n".join(new)
    repeat = costs(post, call(alert(), group="new"))
    assert len(repeat) <= REPEAT, "\n".join(repeat)
    assert Incident.objects.count() == 31


def test_the_hundredth_repeat_costs_what_the_first_one_did(post):
    answer(post(call(alert())))
    first = costs(post, call(alert()))
    for _ in range(20):
        answer(post(call(alert())))
    assert len(costs(post, call(alert()))) == len(first)
    assert Event.objects.count() == 23


def test_an_event_costs_what_a_call_costs(enqueue, post):
    with counted() as new:
        answer(enqueue(event()))
    with counted() as repeat:
        answer(enqueue(event()))
    assert len(new) <= NEW, "\n".join(new)
    assert len(repeat) <= REPEAT, "\n".join(repeat)


def test_a_refusal_costs_two_statements_and_an_unknown_key_one(post):
    with counted() as refused:
        assert post("{").status_code == 400
    with counted() as unknown:
        assert post(call(alert()), "/intake/nobody/alertmanager").status_code == 404
    assert (len(refused), len(unknown)) == (2, 1)


@pytest.mark.parametrize("count", [1, 30])
def test_joining_and_resolving_cost_the_same_for_one_alert_and_for_thirty(post, count):
    answer(post(call(alert("First"))))
    joined = costs(post, call(*alerts(count)))
    resolved = costs(post, call(*alerts(count, status="resolved")))
    assert (len(joined), len(resolved)) == (8, 10), "\n".join([*joined, "", *resolved])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("statement", [statements._REPEAT, statements._FOLD], ids=["all", "some"])
def test_a_plan_made_on_an_empty_table_finds_alerts_by_their_key_and_id(statement):
    """Reading all that fires looks as cheap then, and the plan is kept while the table grows."""
    assert not Alert.objects.exists()
    connection.close()
    connection.ensure_connection()
    plan = re.sub(r"%\(\w+\)s", "NULL", statement.planned())
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (COSTS OFF) {plan}")
        lines = [line.strip() for (line,) in cursor.fetchall()]
    assert [line for line in lines if "Seq Scan on cases_alert" in line] == []
    used = re.findall(
        r"(?:using|Bitmap Index Scan on) ((?:cases_alert_|alert_f)\w+)", "\n".join(lines)
    )
    assert used == ["alert_firing_once", "cases_alert_pkey", "cases_alert_pkey"]
    conditions = [line for line in lines if line.startswith("Index Cond: ")]  # bitmaps recheck
    (by_key,) = [line for line in conditions if "external_key" in line]
    assert by_key.startswith("Index Cond: ((source_id = ")
