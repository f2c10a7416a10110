"""`POST /intake/<key>/access`: what is stored, what is refused, and a delivery sent again."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache

from cases.access import stored
from cases.intake import door, sources
from cases.models import AccessEvent, AccessFinding, Event, Source
from incidentdesk.kernel import clocks
from incidentdesk.kernel.access import SYSTEM
from incidentdesk.kernel.errors import Conflict
from tests.cases.access.conftest import ATTACKER, line

pytestmark = pytest.mark.django_db


def test_lines_are_stored_as_they_were_told_and_the_answer_says_how_many(post, logs):
    answer = post(
        line(outcome="success", privileged=True, action="export", host="db-1", partner="HELIX"),
        line(1, ip="2001:db8:1:2::3", actor=""),
    )
    assert (answer.status_code, answer.json()) == (
        202,
        {
            "status": "stored",
            "incident": None,
            "dedup_key": None,
            "stored": 2,
            "repeated": 0,
            "refused": 0,
            "lines": [],
        },
    )
    export, other = AccessEvent.objects.order_by("id")
    assert (export.source, export.actor, export.action) == (logs, "root", "export")
    assert (export.address, export.network) == (ATTACKER, "203.0.113.0/24")
    assert (export.is_privileged, export.is_reading, export.is_key) == (True, True, True)
    assert export.detail == {"host": "db-1", "partner": "HELIX"}
    assert (other.outcome, other.network) == ("failure", "2001:db8:1::/48")
    assert not Event.objects.exists()


def test_a_delivery_sent_again_stores_nothing_twice_and_equal_lines_are_two(post):
    twice = [line(), line(), line(1)]
    assert post(*twice).json()["stored"] == 3
    again = post(*twice).json()
    assert (again["stored"], again["repeated"]) == (0, 3)
    assert AccessEvent.objects.count() == 3


def test_lines_without_an_id_in_another_delivery_are_others(post):
    """Failures of one second, sent as they happen, a few at a time."""
    answers = [post(*[line()] * number).json() for number in (1, 2, 3)]
    assert [(one["stored"], one["repeated"]) for one in answers] == [(1, 0), (2, 0), (3, 0)]
    assert AccessEvent.objects.count() == 6


def test_lines_with_an_id_are_stored_once_however_they_are_parcelled(post):
    a, b, c = (line(id=name) for name in "abc")
    answers = [post(*sent).json() for sent in ((a, b), (b, c, b), (c,))]
    assert [(one["stored"], one["repeated"]) for one in answers] == [(2, 0), (1, 2), (0, 1)]
    assert AccessEvent.objects.count() == 3


def test_the_same_line_of_another_source_is_another(post):
    sources.create(
        name="gates", source_format="access", key="key-others", by=SYSTEM, at=clocks.now()
    )
    post(line())
    assert post(line(), to="/intake/key-others/access").json()["stored"] == 1


def test_bad_lines_are_named_and_kept_and_the_others_stored(post, logs):
    answer = post(line(), "{nonsense", line(1, outcome="?"))
    assert answer.status_code == 202
    assert answer.json()["stored"] == 1
    assert answer.json()["lines"] == [
        {"line": 2, "error": "It is not valid JSON."},
        {"line": 3, "error": "outcome has to be success, failure or barred."},
    ]
    kept = Event.objects.get()
    assert (kept.source, kept.outcome) == (logs, "refused")
    assert kept.said == "2 bad lines; line 2: It is not valid JSON."
    assert kept.body.splitlines()[0] == "{nonsense"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("", "The body is empty; send one JSON object a line."),
        ("\x00{", "Line 1: It is not valid JSON."),
        ("[]", "The body is empty; send one JSON object a line."),
        ("7", "Line 1: Each line has to be a JSON object."),
    ],
)
def test_what_has_no_good_line_is_refused_and_kept(post, body, why):
    answer = post(body)
    assert (answer.status_code, answer.json()) == (400, {"error": why})
    assert [e.outcome for e in Event.objects.all()] == ["refused"]
    assert not AccessEvent.objects.exists()


def test_an_unknown_key_and_a_key_of_another_format_are_answered_alike(post, source):
    unknown = post(line(), to="/intake/key-nobody/access")
    other = post(line(), to="/intake/key-alertmanager/access")
    assert unknown.status_code == other.status_code == 404
    assert unknown.content == other.content
    Source.objects.filter(name="bastions").update(is_active=False)
    assert post(line()).content == unknown.content
    assert not AccessEvent.objects.exists()


def test_a_source_that_sends_too_much_in_a_minute_is_told_when_to_come_again(post, monkeypatch):
    monkeypatch.setattr(door, "MOST_A_MINUTE", 3)
    cache.clear()
    with time_machine.travel(clocks.now().replace(second=20), tick=False):
        assert post(line(id="a"), "{nonsense").status_code == 202
        refused = post(line(id="b"), line(id="c"))
        assert (refused.status_code, refused["Retry-After"]) == (429, "40")
        assert refused.json() == {
            "error": "These are more lines than a source may send in a minute."
        }
    assert AccessEvent.objects.count() == 1
    assert Event.objects.count() == 1  # the bad line of the first


def test_a_clock_that_is_fast_tells_nothing_of_the_future(post):
    post(line(100_000))
    event = AccessEvent.objects.get()
    assert event.at == event.received_at


def test_old_events_are_forgotten_but_for_those_that_an_incident_rests_on(told):
    told(*(line(n, actor=f"user{n}") for n in range(10)), line(0, ip="198.51.100.7", actor="kim"))
    assert AccessFinding.objects.count() == 10
    now = clocks.now()
    assert stored.forget(now - timedelta(minutes=1), at=now) == 0
    assert stored.forget(now + timedelta(minutes=1), at=now) == 1
    assert set(AccessEvent.objects.values_list("address", flat=True)) == {ATTACKER}


def test_nobody_makes_a_key_for_the_desk_itself(told):
    told(*(line(n) for n in range(10)))
    own = Source.objects.get(name="The desk itself")
    with pytest.raises(Conflict, match="The desk itself has no key: nobody sends to it"):
        sources.renew_key(source_id=own.pk, by=SYSTEM, at=clocks.now())
