"""Grafana, Opsgenie, CloudEvents, Datadog and Sentry: each opens, folds and resolves."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from cases.intake import datadog, snippets
from cases.models import Alert, Event, Incident, Source
from incidentdesk.kernel import clocks
from incidentdesk.kernel.shown_once import digest
from tests.cases.intake.conftest import alert, answer, call, only, said

pytestmark = pytest.mark.django_db
Make = Callable[..., Source]


@pytest.fixture
def make() -> Make:
    """`make("grafana")`: a source with the key `key-grafana`."""

    def one(kind: str, **known: Any) -> Source:
        return Source.objects.create(
            name=kind, format=kind, key_digest=digest(f"key-{kind}"), **known
        )

    return one


def send(client: Client, kind: str, payload: Any, **headers: str) -> HttpResponse:
    return client.post(
        f"/intake/key-{kind}/{kind}", json.dumps(payload), "application/json", headers=headers
    )


def statuses(*answers: HttpResponse) -> list[str]:
    return [answer(one)["status"] for one in answers]


# --- Grafana --------------------------------------------------------------------------------------

GRAFANA = {
    "orgId": 1,
    "title": "[FIRING:1] Quotes",
    "state": "alerting",
    "message": "**Firing**",
}
PLACES = {
    "values": {"B": 22.5, "C": 1},
    "valueString": "[ var='B' labels={region=eu} value=22.5 ]",
    "dashboardURL": "https://grafana.example/d/quotes",
    "panelURL": "https://grafana.example/d/quotes?viewPanel=3",
    "silenceURL": "https://grafana.example/alerting/silence/new",
    "imageURL": None,
}


def test_grafana_says_the_values_and_where_to_look(make: Make, client: Client) -> None:
    make("grafana")
    one = alert(severity="critical") | PLACES | {"annotations": {"description": "Older than 5 s."}}
    over = one | {"status": "resolved", "valueString": ""}
    firing = call(one) | GRAFANA
    found = statuses(
        send(client, "grafana", firing),
        send(client, "grafana", firing),
        send(client, "grafana", call(over) | GRAFANA),
    )
    assert found == ["opened", "folded", "resolved"]
    assert (only().title, only().urgency) == ("QuoteStale", 3)
    assert only().description.splitlines() == [
        "Older than 5 s.",
        "[ var='B' labels={region=eu} value=22.5 ]",
        "Dashboard: https://grafana.example/d/quotes",
        "Panel: https://grafana.example/d/quotes?viewPanel=3",
        "Silence it: https://grafana.example/alerting/silence/new",
    ]
    assert only().detected_by == "Grafana alerting · source “grafana”"


def test_grafana_without_a_string_of_values_is_read_by_its_values(
    make: Make, client: Client
) -> None:
    make("grafana")
    one = alert() | {"values": {"B": 22.5, "C": 1}}
    answer(send(client, "grafana", call(one) | GRAFANA))
    assert only().description == "B = 22.5, C = 1"


# --- Opsgenie -------------------------------------------------------------------------------------

OPSGENIE = {
    "message": "Order gateway rejects",
    "alias": "gw-eu-2/rejects",
    "description": "812 of 1,000 orders",
    "responders": [{"type": "team", "name": "trading"}],
    "tags": ["orders", "eu"],
    "details": {"venue": "XETR", "count": 812},
    "entity": "gw-eu-2",
    "source": "prometheus",
    "priority": "P1",
}


def genie(client: Client, path: str, payload: Any, key: str = "key-opsgenie") -> HttpResponse:
    return client.post(
        path, json.dumps(payload), "application/json", headers={"Authorization": f"GenieKey {key}"}
    )


def test_opsgenie_creates_folds_and_closes_by_the_alias(make: Make, client: Client) -> None:
    make("opsgenie")
    opened = answer(genie(client, "/v2/alerts", OPSGENIE))
    assert (opened["status"], opened["dedup_key"]) == ("opened", "gw-eu-2/rejects")
    assert opened["result"] == "Request will be processed"
    assert len(opened["requestId"]) == 36
    assert statuses(genie(client, "/v2/alerts", OPSGENIE)) == ["folded"]
    assert (only().title, only().urgency) == ("Order gateway rejects", 3)
    assert only().description == "812 of 1,000 orders"
    assert Alert.objects.get().labels == {
        "venue": "XETR",
        "count": "812",
        "source": "prometheus",
        "entity": "gw-eu-2",
        "priority": "P1",
        "tags": "orders, eu",
    }
    noted = "/v2/alerts/gw-eu-2%2Frejects/acknowledge?identifierType=alias"
    assert statuses(genie(client, noted, {"user": "on call"})) == ["folded"]
    over = "/v2/alerts/gw-eu-2%2Frejects/close?identifierType=alias"
    assert statuses(genie(client, over, {"user": "on call"})) == ["resolved"]
    assert only().recovery_proposed_at is not None


def test_opsgenie_closes_without_a_body(make: Make, client: Client) -> None:
    make("opsgenie")
    answer(genie(client, "/v2/alerts", OPSGENIE | {"alias": "a"}))
    response = client.post(
        "/v2/alerts/a/close?identifierType=alias",
        b"",
        "application/json",
        headers={"Authorization": "GenieKey key-opsgenie"},
    )
    assert answer(response)["status"] == "resolved"


def test_opsgenie_without_an_alias_gets_one_that_every_copy_gets(
    make: Make, client: Client
) -> None:
    make("opsgenie")
    bare = {"message": "Gateway slow"}
    first, copy = (answer(genie(client, "/v2/alerts", bare)) for _ in range(2))
    assert (first["status"], copy["status"]) == ("opened", "folded")
    assert first["dedup_key"] == copy["dedup_key"] == Alert.objects.get().external_key


@pytest.mark.parametrize(
    ("path", "payload", "sentence"),
    [
        ("/v2/alerts", {}, "message is needed to create an alert; say what is wrong."),
        ("/v2/alerts", [], "The body has to be a JSON object."),
        (
            "/v2/alerts/x/close",
            {},
            "identifierType has to be alias: the desk knows alerts by nothing else.",
        ),
        ("/v2/alerts", {"message": "x", "alias": "a" * 513}, "alias has more than 512 characters."),
    ],
)
def test_opsgenie_refuses_in_one_sentence(
    make: Make, client: Client, path: str, payload: Any, sentence: str
) -> None:
    make("opsgenie")
    assert said(genie(client, path, payload)) == (400, sentence)
    assert Incident.objects.count() == 0


@pytest.mark.parametrize("heads", [{}, {"Authorization": "Bearer key-opsgenie"}])
def test_opsgenie_wants_its_key(make: Make, client: Client, heads: dict[str, str]) -> None:
    make("opsgenie")
    response = client.post("/v2/alerts", json.dumps(OPSGENIE), "application/json", headers=heads)
    assert response.status_code == 401
    assert genie(client, "/v2/alerts", OPSGENIE, key="nobody").status_code == 401
    assert Event.objects.count() == 0


# --- CloudEvents ----------------------------------------------------------------------------------

CLOUD = {
    "specversion": "1.0",
    "id": "A-1",
    "source": "/venue/xetr",
    "type": "com.example.feed.gap",
    "subject": "feed-a",
    "time": "2026-03-04T09:38:12Z",
    "severity": "critical",
    "data": {"title": "Feed A has a gap", "missed": 12},
}


def test_cloudevents_are_read_whole_in_batches_and_from_headers(make: Make, client: Client) -> None:
    make("cloudevents")
    over = CLOUD | {"id": "A-3", "type": "com.example.feed.resolved", "data": {}}
    binary = {
        f"ce-{name}": value
        for name, value in (CLOUD | {"id": "A-2", "subject": "feed%20a"}).items()
        if isinstance(value, str)
    }
    found = statuses(
        send(client, "cloudevents", CLOUD),
        send(client, "cloudevents", [CLOUD | {"id": "A-4"}, over]),
        send(client, "cloudevents", CLOUD["data"], **binary),
    )
    assert found == ["opened", "folded", "opened"]
    first, second = Alert.objects.order_by("id")
    assert (first.external_key, first.count) == ("/venue/xetr feed-a", 2)
    assert first.resolved_at is not None
    assert second.external_key == "/venue/xetr feed a"
    assert [one.title for one in Incident.objects.order_by("id")] == ["Feed A has a gap"] * 2
    assert first.incident.urgency == 3
    assert first.incident.description == "title: Feed A has a gap\nmissed: 12"
    assert first.first_at == datetime(2026, 3, 4, 9, 38, 12, tzinfo=UTC)
    assert first.labels["type"] == "com.example.feed.gap"


def test_a_sender_of_cloudevents_may_ask_first(make: Make, client: Client) -> None:
    make("cloudevents")
    heads = {"WebHook-Request-Origin": "events.example.com"}
    asked = client.options("/intake/key-cloudevents/cloudevents", headers=heads)
    assert (asked.status_code, asked["Allow"]) == (200, "POST, OPTIONS")
    assert asked["WebHook-Allowed-Origin"] == "events.example.com"
    stranger = client.options("/intake/key-nobody/cloudevents", headers=heads)
    assert "WebHook-Allowed-Origin" not in stranger


@pytest.mark.parametrize("name", ["id", "source", "type", "subject", "time", "severity"])
@pytest.mark.parametrize("odd", ["\ud800", "/a\u0000b", "\u202e", "💩" * 400])
def test_an_odd_attribute_opens_all_the_same(
    make: Make, client: Client, name: str, odd: str
) -> None:
    make("cloudevents")
    assert statuses(send(client, "cloudevents", CLOUD | {name: odd, "data": None})) == ["opened"]
    assert [kept.outcome for kept in Event.objects.all()] == ["done"]


@pytest.mark.parametrize("kind", ["sentry", "datadog", "grafana", "opsgenie"])
@pytest.mark.parametrize("odd", ["\ud800", "a\u0000b", "💩" * 400])
def test_odd_words_anywhere_wait_for_nobody(
    make: Make, client: Client, kind: str, odd: str
) -> None:
    make(kind)

    def soiled(value: Any, kept: tuple[str, ...]) -> Any:
        if isinstance(value, dict):
            return {k: v if k in kept else soiled(v, kept) for k, v in value.items()}
        if isinstance(value, list):
            return [soiled(one, kept) for one in value]
        return f"{value}{odd}" if isinstance(value, str) else value

    kept = ("action", "status", "transition", "alias", "cycle", "id", "fingerprint", "groupKey")
    payload = {
        "sentry": METRIC,
        "datadog": DATADOG,
        "grafana": call(alert() | PLACES) | GRAFANA,
        "opsgenie": OPSGENIE,
    }[kind]
    sent = soiled(payload, kept)
    response = genie(client, "/v2/alerts", sent) if kind == "opsgenie" else send(client, kind, sent)
    assert statuses(response) == ["opened"]
    assert [one.outcome for one in Event.objects.all()] == ["done"]


@pytest.mark.parametrize(
    ("payload", "sentence"),
    [
        ({}, "Each event needs id, source, type, specversion; is this a CloudEvent?"),
        (CLOUD | {"id": ""}, "Each event needs id; is this a CloudEvent?"),
        (CLOUD | {"specversion": "0.3"}, "The desk reads CloudEvents of version 1."),
        ([], "The batch is empty."),
        ([1], "Each event has to be a JSON object."),
    ],
)
def test_what_is_no_cloudevent_is_refused_and_kept(
    make: Make, client: Client, payload: Any, sentence: str
) -> None:
    make("cloudevents")
    assert said(send(client, "cloudevents", payload)) == (400, sentence)
    assert Event.objects.get().said == sentence


# --- Datadog --------------------------------------------------------------------------------------

DATADOG = {
    "id": "1234",
    "cycle": "9bd4ac313a4d1e8fae2482df7b77628",
    "transition": "Triggered",
    "priority": "P2",
    "type": "error",
    "title": "[Triggered] Gateway latency",
    "text": "p99 over 50 ms",
    "scope": "host:gw-eu-2",
    "metric": "gateway.latency.p99",
    "host": "$HOSTNAME",
    "tags": "team:trading",
    "link": "https://app.datadoghq.com/monitors/1234",
    "at": "1772617092",
}


def test_datadog_is_read_by_the_template_that_the_desk_gives_out(
    make: Make, client: Client
) -> None:
    make("datadog")
    assert json.loads(datadog.template()).keys() == DATADOG.keys()
    found = statuses(
        send(client, "datadog", DATADOG),
        send(client, "datadog", DATADOG | {"transition": "Re-Triggered"}),
        send(client, "datadog", DATADOG | {"transition": "Recovered"}),
    )
    assert found == ["opened", "folded", "resolved"]
    assert (only().title, only().urgency) == ("[Triggered] Gateway latency", 3)
    kept = Alert.objects.get()
    assert (kept.group_key, kept.external_key) == ("1234", DATADOG["cycle"])
    assert kept.first_at == datetime(2026, 3, 4, 9, 38, 12, tzinfo=UTC)
    assert "host" not in kept.labels  # Datadog knew no name to put there


def test_a_template_that_was_not_filled_in_is_refused(make: Make, client: Client) -> None:
    make("datadog")
    sentence = "The body has neither cycle nor id; paste the desk's payload template."
    assert said(send(client, "datadog", datadog.TEMPLATE)) == (400, sentence)


# --- Sentry ---------------------------------------------------------------------------------------

METRIC = {
    "action": "critical",
    "data": {
        "description_title": "Critical: too many errors",
        "description_text": "1000 events in the last 10 minutes",
        "web_url": "https://sentry.example/alerts/4",
        "metric_alert": {
            "id": "4",
            "date_started": "2026-03-04T09:38:12Z",
            "projects": ["gateway"],
            "alert_rule": {"name": "Too many errors", "aggregate": "count()"},
        },
    },
}
ON_ISSUE = {
    "action": "triggered",
    "data": {
        "event": {
            "issue_id": "1170820242",
            "title": "ReferenceError: blooopy is not defined",
            "level": "fatal",
            "datetime": "2026-03-04T09:38:12Z",
            "web_url": "https://sentry.example/issues/1170820242",
            "project": 1,
        },
        "triggered_rule": "Very important alert",
    },
}
ISSUE = {"action": "resolved", "data": {"issue": {"id": "1170820242", "title": "x"}}}


def test_sentry_opens_by_a_metric_and_by_an_issue_and_resolves_each(
    make: Make, client: Client
) -> None:
    make("sentry")
    found = statuses(
        send(client, "sentry", METRIC),
        send(client, "sentry", METRIC | {"action": "warning"}),
        send(client, "sentry", ON_ISSUE),
        send(client, "sentry", METRIC | {"action": "resolved"}),
        send(client, "sentry", ISSUE),
    )
    assert found == ["opened", "folded", "opened", "resolved", "resolved"]
    metric, issue = Incident.objects.order_by("id")
    assert (metric.title, metric.urgency) == ("Critical: too many errors", 3)
    assert (issue.title, issue.urgency) == ("ReferenceError: blooopy is not defined", 3)
    assert Alert.objects.filter(resolved_at=None).count() == 0


def test_what_sentry_says_of_nothing_wrong_is_taken_and_opens_nothing(
    make: Make, client: Client
) -> None:
    make("sentry")
    for payload in (
        {"action": "created", "data": {"installation": {"uuid": "x"}}},
        {"action": "assigned", "data": {"issue": {"id": "7"}}},
    ):
        found = answer(send(client, "sentry", payload))
        assert found == {"status": "ignored", "incident": None, "incidents": [], "dedup_key": None}
    assert Incident.objects.count() == 0
    assert [kept.outcome for kept in Event.objects.all()] == ["done", "done"]


# --- signatures -----------------------------------------------------------------------------------


def signed(secret: str, text: str) -> str:
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


REFUSED = (401, "The signature is not right; check the signing secret.")


def test_sentry_with_a_secret_is_taken_only_as_it_signed(make: Make, client: Client) -> None:
    make("sentry", signing_secret="hush")
    body = json.dumps(METRIC)
    for wrong in ({}, {"Sentry-Hook-Signature": signed("else", body)}):
        assert said(send(client, "sentry", METRIC, **wrong)) == REFUSED
    assert Event.objects.count() == 0
    right = {"Sentry-Hook-Signature": signed("hush", body)}
    assert statuses(send(client, "sentry", METRIC, **right)) == ["opened"]
    other = METRIC | {"action": "resolved"}
    assert said(send(client, "sentry", other, **right)) == REFUSED


@pytest.mark.mistake(19)
def test_a_secret_that_can_be_read_no_more_lets_nothing_in(
    make: Make, client: Client, settings: Any
) -> None:
    source, former = make("sentry", signing_secret="hush"), settings.SECRET_KEY
    body = json.dumps(METRIC)
    settings.SECRET_KEY = "n" * 50
    words = "The desk cannot read this source's signing secret any more; give it a new one."
    for sent in ({}, {"Sentry-Hook-Signature": signed("hush", body)}):
        assert said(send(client, "sentry", METRIC, **sent)) == (401, words)
    source.refresh_from_db()
    source.save()  # with whatever else was changed on its page
    assert said(send(client, "sentry", METRIC)) == (401, words)
    settings.SECRET_KEY_FALLBACKS = [former]
    right = {"Sentry-Hook-Signature": signed("hush", body)}
    assert statuses(send(client, "sentry", METRIC, **right)) == ["opened"]


def test_grafana_signs_the_body_or_a_time_and_the_body(make: Make, client: Client) -> None:
    make("grafana", signing_secret="hush")
    payload = call(alert()) | GRAFANA
    body, name = json.dumps(payload), "X-Grafana-Alerting"
    assert said(send(client, "grafana", payload)) == REFUSED
    plain = {f"{name}-Signature": signed("hush", body)}
    assert statuses(send(client, "grafana", payload, **plain)) == ["opened"]
    now = int(clocks.now().timestamp())
    for at, status in ((now, 202), (now - 3600, 401), (now + 3600, 401)):
        timed = {
            f"{name}-Timestamp": str(at),
            f"{name}-Signature": signed("hush", f"{at}:{body}"),
        }
        assert send(client, "grafana", payload, **timed).status_code == status
    moved = {f"{name}-Timestamp": str(now), f"{name}-Signature": signed("hush", body)}
    assert said(send(client, "grafana", payload, **moved)) == REFUSED


def test_a_wrong_key_is_said_as_such_whether_or_not_something_was_signed(
    make: Make, client: Client
) -> None:
    make("sentry", signing_secret="hush")
    response = client.post("/intake/key-nobody/sentry", json.dumps(METRIC), "application/json")
    assert response.status_code == 404


# --- what is pasted into each tool ----------------------------------------------------------------


@pytest.mark.parametrize("kind", [one for one in Source.Format.values if one != "desk"])
def test_there_is_a_text_to_paste_for_every_format(kind: str) -> None:
    text = snippets.snippet(kind, "the-key")
    assert ("the-key" in text) is (kind != "prometheus")  # the desk asks it; nothing is sent
    is_json = kind in ("datadog", "cloudevents", "json", "access", "metrics")
    assert "{" not in text.replace("{{", "") or is_json
