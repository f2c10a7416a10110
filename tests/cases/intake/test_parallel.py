"""Many copies at once: one incident, one alert, the same reference in every answer."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from cases.intake import alerts
from cases.models import Alert, Entry, Event, Incident
from incidentdesk.kernel import clocks
from notifications.models import Escalation
from tests.cases.intake.conftest import ALERTMANAGER, alert, call, event, only

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("source", "pagerduty"),
]


def sending(payload: Any, to: str = ALERTMANAGER) -> Callable[[], dict[str, Any]]:
    """A call that posts this with a client of its own."""
    body = json.dumps(payload)

    def send() -> dict[str, Any]:
        found = Client().post(to, body, content_type="application/json")
        assert found.status_code == 202
        return json.loads(found.content)

    return send


def kinds(answers: list[Any], key: str = "status") -> Counter:
    assert not [a for a in answers if isinstance(a, Exception)]
    return Counter(a[key] for a in answers)


def test_fifty_copies_of_one_call_are_one_incident_and_one_alert(at_once):
    answers = at_once([sending(call(alert()))] * 50)
    assert kinds(answers) == {"opened": 1, "folded": 49}
    assert {a["incident"] for a in answers} == {only().reference}
    assert Alert.objects.get().count == 50
    assert Event.objects.filter(outcome="done", incident=only()).count() == 50
    assert Escalation.objects.count() == 1


@pytest.mark.fault("F17", "fifty copies at once")
def test_fifty_copies_of_one_event_are_one_incident_and_one_alert(at_once):
    answers = at_once([sending(event(), "/v2/enqueue")] * 50)
    assert kinds(answers, "outcome") == {"opened": 1, "folded": 49}
    assert {(a["incident"], a["dedup_key"]) for a in answers} == {(only().reference, "gw-eu-2")}
    assert Alert.objects.get().count == 50


def test_fifty_copies_of_an_event_without_a_key_are_one_incident_too(at_once):
    answers = at_once([sending(event(key=None), "/v2/enqueue")] * 50)
    assert kinds(answers, "outcome") == {"opened": 1, "folded": 49}
    assert {(a["incident"], a["dedup_key"]) for a in answers} == {
        (only().reference, Alert.objects.get().external_key)
    }


def test_one_alert_that_comes_through_twelve_groups_at_once_is_one(at_once):
    answers = at_once([sending(call(alert(), group=f"g{n}")) for n in range(12)])
    assert kinds(answers) == {"opened": 1, "folded": 11}
    assert Alert.objects.get().count == 12


def test_alerts_of_one_group_that_come_at_once_are_one_incident(at_once):
    answers = at_once([sending(call(alert(f"A{number}"))) for number in range(12)])
    assert kinds(answers) == {"opened": 1, "folded": 11}
    assert {a["incident"] for a in answers} == {only().reference}
    assert only().alerts.count() == 12


def test_groups_that_come_at_once_open_side_by_side(at_once):
    calls = [sending(call(alert(f"A{n}"), group=f"g{n}")) for n in range(12)]
    answers = at_once(calls)
    assert kinds(answers) == {"opened": 12}
    assert len({a["incident"] for a in answers}) == Incident.objects.count() == 12


def test_calls_that_share_alerts_in_another_order_lose_none(at_once):
    """They lock the same rows; whoever has to give way is kept and opened later."""
    names = [f"A{n}" for n in range(8)]
    one = call(*(alert(n) for n in names), group="g1")
    two = call(*(alert(n) for n in reversed(names)), group="g1")
    answers = at_once([sending(one), sending(two)] * 6)
    assert not [a for a in answers if isinstance(a, Exception)]
    alerts.open_pending(at=clocks.now())
    assert sorted(Alert.objects.values_list("title", "count")) == [(n, 12) for n in names]
    assert Event.objects.filter(outcome="done").count() == 12
    assert Incident.objects.count() == 1


def test_copies_of_an_acknowledgement_or_a_resolve_are_written_down_once(at_once):
    at_once([sending(event(), "/v2/enqueue")])
    for action, begins in (("acknowledge", "Acknowledged in"), ("resolve", "Cleared:")):
        answers = at_once([sending(event(action), "/v2/enqueue")] * 8)
        assert not [a for a in answers if isinstance(a, Exception)]
        lines = Entry.objects.filter(incident=only(), body__startswith=begins)
        assert lines.count() == 1


def test_firing_and_resolving_at_once_leave_no_half_state(at_once):
    at_once([sending(call(alert()))])
    calls = [sending(call(alert(status=s))) for s in ("firing", "resolved") * 8]
    answers = at_once(calls)
    assert set(kinds(answers)) <= {"folded", "resolved", "ignored"}
    assert Alert.objects.filter(resolved_at=None).count() <= 1
    proposed = only().recovery_proposed_at is not None
    assert proposed is not Alert.objects.filter(resolved_at=None).exists()
