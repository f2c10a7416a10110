"""Plain JSON: any shape, read by expressions; the tools that come with theirs; trying it out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from cases.intake import expressions, presets, sources
from cases.models import Alert, Event, Incident
from incidentdesk.kernel.errors import InvalidInput
from tests.cases.intake.conftest import PLAIN as HERE
from tests.cases.intake.conftest import Post, answer, only, plain_source, said
from tests.conftest import NOW, People

pytestmark = pytest.mark.django_db
NESTED = {
    "alerts": "items[].alert",
    "key": "join('/', [labels.host, labels.check])",
    "group": "labels.host",
    "title": "summary",
    "body": "notes.text",
    "action": "state",
    "clears": "OK, fine again",
    "notes": "seen",
    "severity": "labels.level",
    "component": "labels.system",
    "partner": "labels.client",
    "time": "since",
}


def item(check: str, state: str = "BAD", **labels: str) -> dict[str, Any]:
    return {
        "alert": {
            "summary": f"{check} is off",
            "notes": {"text": "Seen twice."},
            "state": state,
            "since": 1772617092,
            "labels": {"host": "gw-1", "check": check, "level": "P1", **labels},
            "region": "eu",
        }
    }


def test_alerts_are_read_out_of_any_shape_and_open_fold_and_clear(post: Post) -> None:
    plain_source(NESTED)
    first = {"items": [item("queue", system="order-gateway-eu", client="HELIX"), item("age")]}
    found = [
        answer(post(payload, HERE))["status"]
        for payload in (
            first,
            first,
            {"items": [item("queue", "seen")]},
            {"items": [item("queue", "ok")]},
            {"items": [item("age", "Fine again")]},
        )
    ]
    assert found == ["opened", "folded", "folded", "resolved", "resolved"]
    assert (only().title, only().urgency) == ("queue is off and 1 more", 3)
    assert only().description == "Seen twice."
    assert only().recovery_proposed_at is not None
    queue, age = Alert.objects.order_by("-external_key")
    assert (queue.external_key, queue.group_key, queue.count) == ("gw-1/queue", "gw-1", 2)
    assert queue.first_at == datetime.fromtimestamp(1772617092, UTC)
    assert queue.labels == {
        "summary": "queue is off",
        "state": "BAD",
        "since": "1772617092",
        "region": "eu",
        "component": "order-gateway-eu",
        "partner": "HELIX",
    }
    assert (age.count, "component" in age.labels) == (2, False)


@pytest.mark.parametrize(
    ("states", "fires"),
    [(["OK", "BAD"], True), (["BAD", "OK"], False), (["BAD", "OK", "BAD"], True)],
)
def test_of_one_alert_that_a_body_tells_twice_the_last_word_counts(
    post: Post, states: list[str], fires: bool
) -> None:
    plain_source(NESTED)
    post({"items": [item("lag")]}, HERE)
    post({"items": [item("lag", state) for state in states]}, HERE)
    assert (Alert.objects.get().resolved_at is None) is fires


def test_without_a_key_each_copy_of_an_alert_gets_the_same_one(post: Post) -> None:
    plain_source()
    bare = {"title": "Gateway slow", "severity": "info"}
    first, copy = (answer(post(bare, HERE)) for _ in range(2))
    assert (first["status"], copy["status"]) == ("opened", "folded")
    assert first["dedup_key"] == copy["dedup_key"]
    assert only().urgency == 1


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("{", "The body is not valid JSON."),
        ({"id": "1"}, "The expression of the title gives nothing for this body."),
        (
            {"title": "x", "status": "ok"},
            "The expression of the key gives nothing, so nothing can be cleared.",
        ),
        (
            {"title": ["x"]},
            "The expression of “Title” gives a list or an object; "
            "it has to give a text or a number.",
        ),
        ({"alerts": "none"}, "The expression of the alerts has to give a list."),
        ({"alerts": []}, "The list of alerts is empty."),
        (
            {"alerts": [{"title": "x"}] * 1001},
            "The body has more than 1,000 alerts; send fewer at once.",
        ),
        ("[" * 70 + "]" * 70, "The body is nested too deeply."),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_sentence_and_kept(
    post: Post, body: Any, sentence: str
) -> None:
    plain_source()
    assert said(post(body, HERE)) == (400, sentence)
    assert [(one.outcome, one.said) for one in Event.objects.all()] == [("refused", sentence)]
    assert Incident.objects.count() == 0


def test_a_key_of_another_format_is_no_key_here(post: Post) -> None:
    plain_source()
    assert post({"title": "x"}, "/intake/key-nobody/json").status_code == 404
    assert post({"title": "x"}, "/intake/key-json/datadog").status_code == 404
    assert Event.objects.count() == 0


# --- expressions ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "begins"),
    [
        ("labels.", "This is no JMESPath expression: "),
        ("a ==", "This is no JMESPath expression: "),
        ("shout(title)", "There is no function shout(); see jmespath.org for all."),
        ("a" * 301, "An expression has at most 300 characters."),
        ("|".join(["[@,@][]"] * 20), "This expression multiplies what it reads too often"),
        ("(" * 299, "This is no JMESPath expression: "),
    ],
)
def test_an_expression_that_cannot_work_is_refused_when_it_is_saved(
    people: People, expression: str, begins: str
) -> None:
    made = plain_source()
    with pytest.raises(InvalidInput) as refused:
        sources.change_expressions(
            source_id=made.pk,
            expressions={"title": expression},
            by=people.actor("administrator"),
            at=NOW,
        )
    assert str(refused.value).startswith(begins)
    assert str(refused.value).count("\n") == 0
    made.refresh_from_db()
    assert made.expressions == presets.PRESETS["desk"].expressions


@pytest.mark.parametrize(
    "expression",
    [
        "to_string([@, @])",  # would write out what is only named twice
        "join('', [@, @, @])",
        "a[?b < `1`] | sum(@)",
        "sort_by(@, &a)",
        "`1` > 'a'",
        "abs('a')",
        "list[::0]",
    ],
)
def test_an_expression_that_does_not_fit_a_body_is_a_sentence_and_no_fault(
    post: Post, expression: str
) -> None:
    plain_source({"title": expression})
    status, sentence = said(post({"list": [1], "a": "x"}, HERE))
    assert status == 400
    assert sentence.startswith(("“", "The expression of the title gives nothing"))


def test_expressions_end_however_large_the_body_is() -> None:
    reader = expressions.Reader()
    with pytest.raises(expressions.TooMuch, match="more than 10,000 values"):
        reader.value("[]", [0] * 20_000)
    reader.value("[*].[a, b]", [{}] * 9_000)
    with pytest.raises(expressions.TooMuch, match="too many steps"):
        reader.value("[*].[a, b] | [*].[@[0], @[1], @]", [{}] * 9_000)
