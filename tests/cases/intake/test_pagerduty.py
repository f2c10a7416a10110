"""PagerDuty Events v2: trigger, acknowledge and resolve, for tools with a settable address."""

from __future__ import annotations

import pytest

from cases.models import Alert, Entry, Event, Incident
from notifications import queries as post_office
from tests.cases.intake.conftest import answer, event, only, said

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pagerduty")]


def lines(incident: Incident) -> list[str]:
    entries = Entry.objects.filter(incident=incident).order_by("sequence")
    return [entry.body for entry in entries]


def test_a_trigger_opens_an_incident_and_answers_as_its_clients_expect(enqueue, pagerduty):
    sent = event(
        severity="critical",
        component="gateway",
        group="prod",
        timestamp="2026-03-04T09:38:12Z",
        custom_details={"rejects": 812, "venue": "XETR"},
        **{"class": "orders"},
    )
    found = answer(enqueue(sent | {"client": "probe", "links": []}))
    incident = only()
    assert found == {
        "status": "success",
        "message": "Event processed",
        "outcome": "opened",
        "incident": incident.reference,
        "incidents": [incident.reference],
        "dedup_key": "gw-eu-2",
    }
    assert (incident.title, incident.description) == (
        "Gateway drops orders",
        "rejects: 812\nvenue: XETR",
    )
    assert (incident.category, incident.urgency, incident.severity) == (None, 3, 3)
    assert incident.detected_by == "PagerDuty Events v2 · source “legacy”"
    assert Alert.objects.get().labels == {
        "source": "gw-eu-2",
        "severity": "critical",
        "component": "gateway",
        "group": "prod",
        "class": "orders",
    }


def test_a_trigger_without_a_key_is_given_one_that_every_copy_of_it_gets(enqueue):
    sent = event(key=None, timestamp="2026-03-04T09:38:12Z")
    turned = dict(reversed(sent.items()))
    first, copy = answer(enqueue(sent)), answer(enqueue(turned))
    assert (first["outcome"], copy["outcome"]) == ("opened", "folded")
    assert first["dedup_key"] == copy["dedup_key"] == Alert.objects.get().external_key
    other = answer(enqueue(event(key=None, timestamp="2026-03-04T09:38:13Z")))
    assert other["outcome"] == "opened"
    assert other["dedup_key"] != first["dedup_key"]
    assert Incident.objects.count() == 2


def test_a_key_that_was_given_resolves_it(enqueue):
    key = answer(enqueue(event(key=None)))["dedup_key"]
    assert answer(enqueue(event("resolve", key)))["outcome"] == "resolved"
    assert only().recovery_proposed_at is not None
    assert only().is_open


def test_a_repeat_folds_and_a_trigger_after_a_resolve_is_a_new_alert(enqueue):
    answer(enqueue(event()))
    assert answer(enqueue(event()))["outcome"] == "folded"
    assert Alert.objects.get().count == 2
    answer(enqueue(event("resolve")))
    assert answer(enqueue(event()))["outcome"] == "folded"
    assert sorted(Alert.objects.values_list("count", flat=True)) == [1, 2]
    assert only().recovery_proposed_at is None


def test_an_acknowledgement_there_is_noted_and_stops_nothing_here(enqueue):
    answer(enqueue(event()))
    found = answer(enqueue(event("acknowledge")))
    assert (found["outcome"], found["incident"]) == ("folded", only().reference)
    assert lines(only())[-1] == (
        "Acknowledged in legacy: Gateway drops orders. Pages here go on until someone does here."
    )
    assert only().acknowledged_at is None
    assert post_office.escalation(only().about).state == "running"


@pytest.mark.parametrize("action", ["acknowledge", "resolve"])
def test_what_is_said_of_no_open_alert_is_dropped_and_kept_as_a_delivery(enqueue, action):
    found = answer(enqueue(event(action)))
    assert (found["status"], found["outcome"], found["incident"]) == ("success", "ignored", None)
    answer(enqueue(event()))
    answer(enqueue(event("resolve")))
    before = lines(only())
    assert answer(enqueue(event(action)))["outcome"] == "ignored"
    assert lines(only()) == before
    assert Event.objects.filter(outcome="done").count() == 4


@pytest.mark.parametrize("action", ["acknowledge", "resolve"])
def test_acknowledging_and_resolving_need_no_payload(enqueue, action):
    answer(enqueue(event()))
    bare = {"routing_key": "key-pagerduty", "event_action": action, "dedup_key": "gw-eu-2"}
    for payload in ({}, {"payload": None}, {"payload": []}):
        assert enqueue(bare | payload).status_code == 202


@pytest.mark.parametrize(
    ("severity", "urgency"),
    [("critical", 3), ("error", 2), ("warning", 2), ("info", 1), (None, 2), (["x"], 2), (3, 2)],
)
def test_a_severity_sets_the_urgency(enqueue, severity, urgency):
    answer(enqueue(event(severity=severity)))
    assert only().urgency == urgency


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        ({"event_action": "change"}, "event_action has to be trigger, acknowledge or resolve."),
        ({"event_action": None}, "event_action has to be trigger, acknowledge or resolve."),
        ({"dedup_key": "x" * 256}, "dedup_key has more than 255 characters."),
        (
            {"event_action": "resolve", "dedup_key": ""},
            "dedup_key is needed to acknowledge or resolve.",
        ),
        ({"payload": None}, "payload has to be a JSON object."),
        ({"payload": ["x"]}, "payload has to be a JSON object."),
        ({"payload": {}}, "payload.summary is needed to trigger; say what is wrong."),
        ({"payload": {"summary": " "}}, "payload.summary is needed to trigger; say what is wrong."),
        (
            {"payload": {"summary": "\x00"}},
            "payload.summary is needed to trigger; say what is wrong.",
        ),
    ],
)
def test_an_event_that_can_never_work_is_refused_and_kept_on_its_source(
    enqueue, pagerduty, broken, sentence
):
    assert said(enqueue(event() | broken)) == (400, sentence)
    kept = Event.objects.get()
    assert (kept.source, kept.outcome, kept.said) == (pagerduty, "refused", sentence)
    assert Incident.objects.count() == 0


def test_a_key_of_255_characters_is_kept_whole(enqueue):
    assert answer(enqueue(event(key="k" * 255)))["dedup_key"] == "k" * 255
    assert answer(enqueue(event(key="k" * 255)))["outcome"] == "folded"


def test_the_same_format_may_be_posted_under_the_key_in_the_address(pagerduty, post):
    sent = event()
    del sent["routing_key"]
    found = answer(post(sent, "/intake/key-pagerduty/pagerduty"))
    assert (found["status"], found["outcome"]) == ("success", "opened")
