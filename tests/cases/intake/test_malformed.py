"""Poison: whatever is posted, the answer is a sentence, never a 500; what is accepted is kept."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from cases.intake import formats, storm
from cases.models import Alert, Event, Incident, Source
from incidentdesk.kernel.errors import InvalidInput
from incidentdesk.kernel.shown_once import digest
from tests.cases.intake.conftest import (
    ALERTMANAGER,
    PLAIN,
    alert,
    answer,
    call,
    event,
    only,
    plain_source,
    said,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("source", "pagerduty")]


def nested(depth: int, opening: str = "[", closing: str = "]") -> str:
    return opening * depth + closing * depth


def within(text: str) -> str:
    """A call that is right but for one label, whose value is this JSON text."""
    whole = json.dumps(call(alert(odd="HERE"), group="HERE"))
    return whole.replace('"HERE"', text)


OTHERS = [
    f"/intake/key-{one}/{one}"
    for one in ("grafana", "cloudevents", "datadog", "sentry", "json", "sns")
]


@pytest.fixture(autouse=True)
def _long_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """So many refusals are an incident about their source, which is not what is asked here."""
    monkeypatch.setattr(storm, "REFUSED", 10**9)


@pytest.fixture
def every(db: None) -> None:
    """A source of each format that has no fixture of its own."""
    plain_source()
    for one in ("grafana", "opsgenie", "cloudevents", "datadog", "sentry", "sns"):
        Source.objects.create(name=one, format=one, key_digest=digest(f"key-{one}"))


BODIES: dict[str, str | bytes] = {
    "nothing": b"",
    "a NUL": b"\x00",
    "bad UTF-8": b'{"alerts": "\xff\xfe\xfd"}',
    "UTF-16": '{"alerts": []}'.encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf" + json.dumps(call(alert())).encode(),
    "10,000 lists": nested(10_000),
    "10,000 objects": '{"a":' * 10_000 + "1" + "}" * 10_000,
    "10,000 lists in a label": within(nested(10_000)),
    "an open string": '"' + "x" * 100_000,
    "a number of 5,000 digits": "9" * 5_000,
    "a number of 5,000 digits in a label": within("9" * 5_000),
    "a huge exponent": within("1e999999"),
    "not a number": within("NaN"),
    "infinity": within("-Infinity"),
    "two values": "{} {}",
    "a comma too many": '{"alerts": [],}',
    "single quotes": "{'alerts': []}",
    "YAML": "alerts:\n- !!python/object/apply:os.system [ls]",
    "XML": '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
    "gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03",
    "100,000 keys": json.dumps({f"k{n}": n for n in range(30_000)}),
    "a key twice": '{"alerts": [], "alerts": 1}',
}


@pytest.mark.asvs("1.5.1 1.5.2", 21)
@pytest.mark.asvs("2.2.1 2.2.2", 12)
@pytest.mark.parametrize("what", BODIES)
@pytest.mark.parametrize("to", [ALERTMANAGER, "/v2/enqueue", "/v2/alerts", *OTHERS])
@pytest.mark.fault("F31", "each kind at each door")
def test_a_poisoned_body_gets_a_sentence_and_the_next_one_is_handled(post, every, what, to):
    poisoned = post(BODIES[what], to, HTTP_AUTHORIZATION="GenieKey key-opsgenie")
    assert poisoned.status_code in (400, 401, 202)
    if poisoned.status_code != 202:
        sentence = said(poisoned)[1]
        assert sentence.endswith((".", "?"))
        assert len(sentence) < 120
    if to != "/v2/enqueue":
        outcome = "refused" if poisoned.status_code == 400 else "done"
        assert [kept.outcome for kept in Event.objects.all()] == [outcome]
    answer(post(call(alert("Next"), group="next")))
    assert Incident.objects.filter(title="Next").exists()


@pytest.mark.parametrize(
    "label",
    [
        '"\\ud800"',  # half a pair
        '"\\udc00\\ud800"',
        '"\\u0000"',
        '"a\\u0000b"',
        '"\\ud83d\\ude00"',  # a whole one
        '"\\u202e\\u0007\\u001b[31m"',
        "true",
        "null",
        "12345678901234567890123456789",
        "1e400",
        "[1, [2, {}]]",
        '{"a": {"b": []}}',
        json.dumps("x" * 100_000),
        json.dumps("'; DROP TABLE cases_incident; --"),
        json.dumps("{{7*7}} %s %(x)s {0}"),
    ],
)
def test_an_odd_label_is_kept_as_text(post, label):
    found = answer(post(within(label)))
    assert found["status"] == "opened"
    kept = Alert.objects.get()
    assert isinstance(kept.labels["odd"], str)
    assert len(kept.labels["odd"]) <= 2000
    assert "\x00" not in json.dumps(kept.labels, ensure_ascii=False)
    kept.title.encode()
    only().title.encode()
    assert answer(post(within(label)))["status"] == "folded"


def test_half_a_pair_in_a_key_is_an_unknown_key(post):
    for key in ('"\\ud800"', '"key-\\udfff"', '"\\u0000"', "[]", "{}", "1e9", "true"):
        body = json.dumps(event()).replace('"key-pagerduty"', key)
        assert said(post(body, "/v2/enqueue"))[0] == 401


@pytest.mark.parametrize(("kind", "field"), [("alertmanager", "odd"), ("pagerduty", "severity")])
def test_a_body_that_can_just_be_read_but_not_written_out_is_refused(kind, field):
    """Somewhere between shallow and deep, reading succeeds and writing a value as text does not."""
    deepest = sys.getrecursionlimit()
    outcomes = set()
    for depth in range(deepest - 250, deepest + 10):
        deep = nested(depth)
        whole = json.dumps(event(key=None, component="HERE")).replace('"HERE"', deep)
        try:
            formats.read(kind, within(deep) if kind == "alertmanager" else whole)
            outcomes.add("read")
        except InvalidInput as error:
            outcomes.add(str(error))
    assert outcomes >= {"read", "The body is not valid JSON."}
    assert outcomes <= {"read", "The body is not valid JSON.", "The body is nested too deeply."}


# --- anything at all ------------------------------------------------------------------------------

TEXT = st.text(max_size=30)  # with lone surrogates and NUL, as JSON can carry them
SCALAR = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=10**30, max_value=10**40)
    | st.floats(allow_nan=True)
    | TEXT
)
ANY = st.recursive(
    SCALAR,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
TIMES = st.sampled_from(
    ["2026-03-04T09:38:12Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59", "24:00", "-1"]
)
ALERT = st.fixed_dictionaries(
    {"status": st.sampled_from(["firing", "resolved"]) | ANY},
    optional={
        "labels": st.dictionaries(TEXT | st.just("alertname"), SCALAR, max_size=4) | ANY,
        "annotations": st.dictionaries(st.sampled_from(["summary", "title"]), SCALAR) | ANY,
        "fingerprint": st.sampled_from(["", "a", "b"]) | ANY,
        "startsAt": TIMES | ANY,
    },
)
CALL = st.fixed_dictionaries(
    {"alerts": st.lists(ALERT, max_size=4) | ANY}, optional={"groupKey": TEXT | ANY}
)
EVENT = st.fixed_dictionaries(
    {
        "routing_key": st.just("key-pagerduty"),
        "event_action": st.sampled_from(["trigger", "acknowledge", "resolve"]) | ANY,
    },
    optional={
        "dedup_key": st.sampled_from(["", "a", "b"]) | ANY,
        "payload": st.fixed_dictionaries(
            {"summary": TEXT | ANY},
            optional={
                "severity": ANY,
                "timestamp": TIMES | ANY,
                "component": ANY,
                "custom_details": ANY,
            },
        )
        | ANY,
    },
)
ONE = st.dictionaries(
    st.sampled_from(["id", "group", "title", "text", "status", "severity", "component", "at"]),
    TEXT | TIMES | ANY,
)
PLAINLY = ONE | st.fixed_dictionaries({"alerts": st.lists(ONE, max_size=4) | ANY})
STRANGE = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def hold(post: Any, body: str | bytes, to: str) -> None:
    """Post it and check what must hold of every answer; take it back afterwards."""
    with transaction.atomic():
        found = post(body, to)
        kept = list(Event.objects.order_by("id"))
        if found.status_code == 202:
            told = json.loads(found.content)
            assert told.get("outcome", told["status"]) in (
                "opened",
                "folded",
                "resolved",
                "ignored",
            )
            assert [event.outcome for event in kept] == ["done"]
            references = list(Incident.objects.values_list("reference", flat=True))
            assert sorted(told["incidents"]) == sorted(references)
            firing = Alert.objects.filter(resolved_at=None)
            assert {a.incident.reference for a in firing} <= set(references)
            for row in Alert.objects.all():  # everything stored can be read and shown again
                assert row.title.strip()
                row.title.encode()
        else:
            status, sentence = said(found)
            assert status in (400, 401)
            assert sentence.endswith((".", "?"))
            assert Incident.objects.count() == 0
            if to == ALERTMANAGER:
                assert [(e.outcome, e.said) for e in kept] == [("refused", sentence)]
        transaction.set_rollback(True)


@STRANGE
@given(CALL | ANY)
@example({"alerts": [{"status": "firing", "annotations": {"summary": "  "}}]})
@example({"alerts": [{"status": "firing", "labels": {"alertname": "\ud800"}}]})
@example({"alerts": [{"status": "firing"}, {"status": "resolved"}]})
def test_no_call_of_alertmanager_s_shape_breaks_the_desk(post, sent):
    hold(post, json.dumps(sent), ALERTMANAGER)


@STRANGE
@given(EVENT)
@example(
    {"routing_key": "key-pagerduty", "event_action": "trigger", "payload": {"summary": "\ud800"}}
)
@example({"routing_key": "key-pagerduty", "event_action": "resolve", "dedup_key": ["\x00"]})
def test_no_event_of_pagerduty_s_shape_breaks_the_desk(post, sent):
    hold(post, json.dumps(sent), "/v2/enqueue")


@STRANGE
@given(PLAINLY | ANY)
@example({"title": "\ud800", "id": "\x00", "at": "9" * 10, "status": True})
@example({"alerts": [{"title": 1e308, "group": -1}, {"title": 10**40}]})
def test_no_plain_json_breaks_the_desk(post, sent):
    if not Source.objects.filter(name="home made").exists():
        plain_source()
    hold(post, json.dumps(sent), PLAIN)


@STRANGE
@given(st.binary(max_size=200))
def test_no_bytes_break_the_desk(post, sent):
    hold(post, sent, ALERTMANAGER)


@STRANGE
@given(st.data())
def test_no_bytes_in_a_right_body_break_the_desk(post, data):
    body = json.dumps(call(alert(severity="critical"), alert("B", status="resolved"))).encode()
    start = data.draw(st.integers(0, len(body)))
    end = data.draw(st.integers(start, min(start + 20, len(body))))
    hold(post, body[:start] + data.draw(st.binary(max_size=8)) + body[end:], ALERTMANAGER)
