"""Poison at the door for access lines: the answer is a sentence, never a 500."""

from __future__ import annotations

import json
import sys

import pytest

from cases.models import AccessEvent, Event, Incident
from tests.cases.access.conftest import TO, line

pytestmark = pytest.mark.django_db


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


def within(text: str, field: str = "odd") -> str:
    """A line that is right but for one field, whose value is this JSON text."""
    return json.dumps(line(**{field: "HERE"})).replace('"HERE"', text)


BODIES: dict[str, str | bytes] = {
    "nothing": b"",
    "a NUL": b"\x00",
    "bad UTF-8": b'{"actor": "\xff\xfe\xfd"}',
    "UTF-16": json.dumps(line()).encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf" + json.dumps(line()).encode(),
    "10,000 lists": nested(10_000),
    "an open string": '"' + "x" * 100_000,
    "a number of 5,000 digits": "9" * 5_000,
    "two values": "{} {}",
    "gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03",
    "lone carriage returns": "\r\r\r",
    "an array of lines": json.dumps([line()]),
    "a time before the calendar": json.dumps(line(at="0001-01-01T00:00:00+23:59")),
    "a time after the calendar": json.dumps(line(at="9999-12-31T23:59:59-23:59")),
    "a number for a time": within("1e999", "at"),
    "half a pair for an action": within('"\\ud800"', "action"),
    "an address with a zone": within('"fe80::1%eth0"', "ip"),
    "a number for an address": within("1e400", "ip"),
    "5,000 digits for an address": within("9" * 4_000, "ip"),
    "a network for an address": within('"10.0.0.0/8"', "ip"),
}


@pytest.mark.parametrize("what", BODIES)
def test_a_poisoned_body_gets_a_sentence_and_the_next_one_is_stored(client, post, what):
    poisoned = client.post(TO, data=BODIES[what], content_type="application/x-ndjson")
    assert poisoned.status_code in (400, 202)
    if poisoned.status_code == 400:
        sentence = poisoned.json()["error"]
        assert sentence.endswith(".")
        assert len(sentence) < 120
        assert [kept.outcome for kept in Event.objects.all()] == ["refused"]
    assert post(line(id="next")).json()["stored"] == 1


ODD = [
    '"\\ud800"',
    '"\\u0000"',
    '"\\u202e\\u0007\\u001b[31m"',
    "true",
    "null",
    "NaN",
    "-Infinity",
    "1e400",
    "9" * 4_000,
    '{"a": {"b": []}}',
    json.dumps("x" * 10_000),
    json.dumps("'; DROP TABLE cases_incident; --"),
    json.dumps("{{7*7}} %s %(x)s {0}"),
]


@pytest.mark.parametrize("text", ODD, ids=lambda text: text[:20])
def test_an_odd_value_is_kept_as_text_or_its_line_named_and_can_be_judged(told, post, text):
    fields = ("odd", "actor", "partner", "privileged", "id", "ip", "action", "outcome")
    answer = post(*(within(text, field) for field in fields)).json()
    named = {one["line"] for one in answer["lines"]}
    assert named <= {6, 7, 8}  # ip, action, outcome
    assert answer["stored"] == len(fields) - len(named)
    for row in AccessEvent.objects.all():
        assert "\x00" not in json.dumps([row.actor, row.action, row.detail], ensure_ascii=False)
        json.dumps([row.actor, row.action, row.detail], ensure_ascii=False).encode()
    told()
    assert not AccessEvent.objects.filter(is_judged=False).exists()
    for incident in Incident.objects.all():
        incident.title.encode()


def test_a_value_that_can_just_be_read_but_not_written_out_breaks_nothing(post):
    deepest = sys.getrecursionlimit()
    depths = range(deepest - 100, deepest + 10, 5)
    answer = post(*(within(nested(depth)) for depth in depths), line())
    assert answer.status_code == 202
    assert answer.json()["stored"] >= 1
