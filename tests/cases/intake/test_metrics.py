"""`POST /intake/<key>/metrics`: figures are stored once, bad lines are named, bounds hold."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.cache import cache

from cases.intake import door, figures
from cases.intake.metrics import parse as metrics_of
from cases.models import Event, Observation, Series, Source
from incidentdesk.kernel.errors import InvalidInput
from incidentdesk.kernel.shown_once import digest
from tests.cases.intake.conftest import counted, said
from tests.conftest import NOW

pytestmark = pytest.mark.django_db
TO = "/intake/key-metrics/metrics"
AT = "2026-03-04T09:40:00Z"
STORED = {
    "status": "stored",
    "incident": None,
    "dedup_key": None,
    "stored": 0,
    "repeated": 0,
    "refused": 0,
    "lines": [],
}


@pytest.fixture(autouse=True)
def now():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def metrics(db):
    return Source.objects.create(name="venue", format="metrics", key_digest=digest("key-metrics"))


def line(metric="latency_ms", value=4.2, at=AT, **more):
    return {"metric": metric, "value": value, "at": at, **more}


def lines(*objects):
    return "\n".join(one if isinstance(one, str) else json.dumps(one) for one in objects)


def answer(response):
    return response.status_code, json.loads(response.content)


def rows():
    found = Observation.objects.order_by("series__name", "at")
    return list(found.values_list("series__name", "at", "value", "tries"))


def test_figures_are_stored_and_unknown_series_made_and_watched_by_nobody(post, metrics):
    body = lines(
        line(labels={"gateway": "eu-2"}),
        line(value=5, at="2026-03-04T10:40:30+01:00"),
        line("far", at="2026-03-05T09:39:00+23:59"),
        "",
        line("rejects", 3, 1772617200, of=512),
    )
    assert answer(post(body, TO)) == (
        202,
        STORED | {"stored": 4},
    )
    at = datetime(2026, 3, 4, 9, 40, tzinfo=UTC)
    assert rows() == [
        ("far", at, 4.2, None),
        ("latency_ms", at + timedelta(seconds=30), 5.0, None),
        ('latency_ms{gateway="eu-2"}', at, 4.2, None),
        ("rejects", at, 3.0, 512.0),
    ]
    known = Series.objects.order_by("name").values_list("source__name", "kind", "is_on")
    assert list(known) == [
        ("venue", "level", False),
        ("venue", "level", False),
        ("venue", "level", False),
        ("venue", "ratio", False),
    ]


def test_a_figure_is_stored_once_whoever_sends_it_again_and_however_its_labels_are_ordered(
    post, metrics
):
    one = line(labels={"a": "1", "b": "2"})
    post(lines(one), TO)
    again = lines(line(value=9, labels={"b": "2", "a": 1}), line(value=7, labels={"a": "1"}))
    assert answer(post(again, TO))[1]["repeated"] == 1
    assert sorted(row[2] for row in rows()) == [4.2, 7.0]
    assert Series.objects.count() == 2


def test_an_array_is_read_as_well(post, metrics):
    assert answer(post([line(), line(value="5")], TO)) == (
        202,
        STORED
        | {
            "stored": 1,
            "refused": 1,
            "lines": [{"line": 2, "error": "value has to be a number."}],
        },
    )


def test_bad_lines_are_named_by_their_number_and_kept_and_the_others_stored(post, metrics):
    body = lines(
        line(),
        "{",
        line(metric=" "),
        line(value=True),
        line(value=float("inf")),
        line(at="2026-03-04 09:40"),
        line(at="2026-03-04T09:47:00Z"),
        line(at="2026-01-04T09:40:00Z"),
        line(labels=[]),
        line(labels={"a": {}}),
        line(value=3, of=2),
        "7",
        line(value=1e300),
    )
    status, found = answer(post(body, TO))
    assert (status, found["stored"], found["refused"]) == (202, 1, 12)
    assert found["lines"] == [
        {"line": 2, "error": "It is not valid JSON."},
        {"line": 3, "error": "metric has to be a name of at most 200 characters."},
        {"line": 4, "error": "value has to be a number."},
        {"line": 5, "error": "value is not a figure that can be watched."},
        {
            "line": 6,
            "error": "at has to be a time with its zone, like 2026-03-04T09:41:00Z, or seconds "
            "since 1970.",
        },
        {"line": 7, "error": "at lies in the future; check the clock over there."},
        {"line": 8, "error": "at lies more than 35 days back; figures are kept so long."},
        {"line": 9, "error": "labels has to be a JSON object."},
        {"line": 10, "error": "Each label has to be a word or a number."},
        {"line": 11, "error": "value has to lie between 0 and of: it is so many of so many."},
        {"line": 12, "error": "Each line has to be a JSON object."},
        {"line": 13, "error": "value is not a figure that can be watched."},
    ]
    kept = Event.objects.get()
    assert (kept.source, kept.outcome) == (metrics, Event.Outcome.REFUSED)
    assert kept.said == "12 bad lines; line 2: It is not valid JSON."
    assert kept.body.split("\n")[:2] == ["{", lines(line(metric=" "))]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("", "The body is empty; send one JSON object a line."),
        ("\n\n", "The body is empty; send one JSON object a line."),
        ("[", "The array is not valid JSON."),
        ("{}", "Line 1: metric has to be a name of at most 200 characters."),
        ("[" * 20_000, "The array is not valid JSON."),
        (b"\xff\x00", "Line 1: It is not valid JSON."),
    ],
    ids=["nothing", "empty lines", "open", "no metric", "deep", "no text"],
)
def test_a_body_without_one_figure_is_refused_in_a_sentence_and_kept(post, metrics, body, sentence):
    assert said(post(body, TO)) == (400, sentence)
    assert Event.objects.get().outcome == Event.Outcome.REFUSED


def test_the_key_is_one_for_figures_and_the_body_has_bounds(post, metrics, source):
    nobody = "No source has this key for this format; check the address."
    assert said(post(lines(line()), "/intake/key-nobody/metrics")) == (404, nobody)
    assert said(post(lines(line()), "/intake/key-alertmanager/metrics")) == (404, nobody)
    large = said(post(" " * (512 * 1024 + 1), TO))
    assert large == (413, "The body is larger than 512 KB; send fewer alerts at once.")
    assert Observation.objects.count() == 0


def test_a_request_is_few_statements_however_many_figures_it_brings(post, metrics):
    many = lines(*(line(f"m{n}", n, labels={"x": str(n % 7)}) for n in range(500)))
    with counted() as statements:
        post(many, TO)
    assert len(statements) == 6
    with counted() as statements:
        post(
            lines(
                *(line(f"m{n}", n, AT[:-2] + "1Z", labels={"x": str(n % 7)}) for n in range(500))
            ),
            TO,
        )
    assert len(statements) == 3
    assert Observation.objects.count() == 1000


def test_a_source_has_so_many_series_at_most_and_known_ones_go_on(post, metrics, monkeypatch):
    monkeypatch.setattr(figures, "MOST_SERIES", 2)
    post(lines(line("a")), TO)
    status, found = answer(post(lines(line("a", at=AT[:-2] + "1Z"), line("b"), line("c")), TO))
    assert (status, found["stored"]) == (202, 2)
    sentence = "This source has 2 series already, which is the most; drop labels that vary."
    assert found["lines"] == [{"line": 3, "error": sentence}]
    assert said(post(lines(line("d")), TO)) == (400, f"Line 1: {sentence}")
    assert sorted(Series.objects.values_list("name", flat=True)) == ["a", "b"]


def test_a_source_sends_so_many_figures_a_minute_at_most(post, metrics, monkeypatch):
    monkeypatch.setattr(door, "MOST_A_MINUTE", 2)
    cache.clear()
    assert post(lines(line("a"), line("b")), TO).status_code == 202
    refused = post(lines(line("c")), TO)
    assert said(refused) == (429, "These are more lines than a source may send in a minute.")
    assert refused["Retry-After"] == "60"
    with time_machine.travel(NOW + timedelta(minutes=1), tick=False):
        assert post(lines(line("c")), TO).status_code == 202


def test_figures_older_than_they_are_kept_are_let_go(post, metrics):
    post(lines(line(), line(at="2026-02-01T09:40:00Z")), TO)
    assert figures.prune(at=NOW + timedelta(days=5)) == 1
    assert [row[1] for row in rows()] == [datetime(2026, 3, 4, 9, 40, tzinfo=UTC)]


def test_many_old_figures_are_let_go_a_batch_at_a_time(post, metrics, monkeypatch):
    monkeypatch.setattr(figures, "A_DELETION", 2)
    old = [line(f"m{n}", at=f"2026-02-01T09:4{n}:00Z") for n in range(5)]
    post(lines(line(), *old), TO)
    with counted() as statements:
        assert figures.prune(at=NOW + timedelta(days=5)) == 5
    assert len(statements) == 3
    assert [row[0] for row in rows()] == ["latency_ms"]


def nested(depth):
    return "[" * depth + "]" * depth


BODIES = {
    "a NUL": b"\x00",
    "bad UTF-8": b'{"metric": "\xff\xfe"}',
    "UTF-16": lines(line()).encode("utf-16"),
    "10,000 lists in a value": lines(line(value="HERE")).replace('"HERE"', nested(10_000)),
    "900 lists, the only line": nested(900),
    "900 lists in an array": f'[{{"metric": {nested(900)}}}]',
    "a number of 5,000 digits": lines(line(value="HERE")).replace('"HERE"', "9" * 5_000),
    "a time of 4,000 digits": lines(line(at="HERE")).replace('"HERE"', "9" * 4_000),
    "a time that is not a number": lines(line(at=float("nan"))),
    "a time without end": lines(line(at=float("-inf"))),
    "a time of the year 9999": lines(line(at="9999-12-31T23:59:59-23:59")),
    "a huge exponent": lines(line(value="HERE")).replace('"HERE"', "1e999999"),
    "half a pair": lines(line(value="HERE")).replace('"HERE"', '"\\ud800"'),
    "a label of 4,000 digits": lines(line(labels={"a": "HERE"})).replace('"HERE"', "9" * 4_000),
    "YAML": "- !!python/object/apply:os.system [ls]",
}


@pytest.mark.parametrize("what", BODIES)
def test_a_poisoned_body_gets_a_sentence_and_the_next_one_is_stored(post, metrics, what):
    status, sentence = said(post(BODIES[what], TO))
    assert status == 400
    assert sentence.endswith(".")
    assert len(sentence) < 120
    assert [kept.outcome for kept in Event.objects.all()] == ["refused"]
    assert answer(post(lines(line()), TO))[1]["stored"] == 1


def test_odd_text_in_a_name_or_label_is_kept_as_text(post, metrics):
    for odd in ('"\\ud800"', '"a\\u0000b"', '"\\ud83d\\ude00"', '"\\u202e\\u001b[31m"'):
        body = lines(line(metric="HERE", labels={"a": "HERE"})).replace('"HERE"', odd)
        assert answer(post(body, TO))[1]["stored"] == 1
    assert Series.objects.count() == 4
    for series in Series.objects.all():
        series.name.encode()
        assert "\x00" not in series.name + series.labels["a"]


def test_an_array_at_the_edge_of_what_can_be_read_is_refused_whole_or_by_its_line():
    """Somewhere between shallow and deep, reading or writing the member out does not succeed."""
    deepest = sys.getrecursionlimit()
    outcomes = set()
    for depth in range(deepest - 250, deepest + 10):
        try:
            outcomes.add(metrics_of(f"[{nested(depth)}]", at=NOW)[1][0].error)
        except InvalidInput as error:
            outcomes.add(str(error))
    assert outcomes == {"Each line has to be a JSON object.", "The array is not valid JSON."}
