"""What the tests of intake share: payloads as the tools send them, and posting them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cases.intake import presets
from cases.models import Category, Incident, Source
from incidentdesk.kernel.shown_once import digest

ALERTMANAGER = "/intake/key-alertmanager/alertmanager"
PLAIN = "/intake/key-json/json"
YEAR_ONE = "0001-01-01T00:00:00Z"
NOT_COUNTED = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT", "ROLLBACK", "SELECT set_config")


def fingerprint_of(name: str) -> str:
    """Sixteen hexadecimal digits, as Alertmanager makes them; here of the name alone."""
    return hashlib.sha256(name.encode()).hexdigest()[:16]


def alert(
    name: str = "QuoteStale", *, fingerprint: str = "", status: str = "firing", **labels: str
) -> dict[str, Any]:
    """One alert as Alertmanager 0.25 sends it."""
    return {
        "status": status,
        "labels": {"alertname": name, **labels},
        "annotations": {},
        "startsAt": "2026-03-04T09:38:12.123456789Z",
        "endsAt": YEAR_ONE if status == "firing" else "2026-03-04T10:02:00.5Z",
        "generatorURL": "http://prometheus:9090/graph?g0.expr=quote_age_seconds+%3E+5",
        "fingerprint": fingerprint or fingerprint_of(name),
    }


def call(*alerts: dict[str, Any], group: str = '{}:{alertname="QuoteStale"}') -> dict[str, Any]:
    """One webhook call, version 4."""
    return {
        "receiver": "desk",
        "status": "firing" if any(a["status"] == "firing" for a in alerts) else "resolved",
        "alerts": list(alerts),
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager:9093",
        "version": "4",
        "groupKey": group,
        "truncatedAlerts": 0,
    }


def event(action: str = "trigger", key: str | None = "gw-eu-2", **payload: Any) -> dict[str, Any]:
    """One event of PagerDuty's Events API v2."""
    return {
        "routing_key": "key-pagerduty",
        "event_action": action,
        **({"dedup_key": key} if key is not None else {}),
        "payload": {"summary": "Gateway drops orders", "source": "gw-eu-2", **payload},
    }


Post = Callable[..., HttpResponse]


@pytest.fixture
def post(client: Client) -> Post:
    """`post(payload)` to the Alertmanager source; text and bytes are sent as they are."""

    def send(payload: Any, to: str = ALERTMANAGER, **headers: Any) -> HttpResponse:
        body = payload if isinstance(payload, str | bytes) else json.dumps(payload)
        return client.post(to, data=body, content_type="application/json", **headers)

    return send


@pytest.fixture
def pagerduty(db: None) -> Source:
    """A PagerDuty source with the key `key-pagerduty`."""
    return Source.objects.create(
        name="legacy", format="pagerduty", key_digest=digest("key-pagerduty")
    )


@pytest.fixture
def enqueue(pagerduty: Source, post: Post) -> Post:
    """`enqueue(event())` to `/v2/enqueue`."""
    return lambda payload, **headers: post(payload, "/v2/enqueue", **headers)


@pytest.fixture
def other_source(db: None) -> Source:
    """Another Alertmanager, with the key `key-other`."""
    return Source.objects.create(
        name="prod-us",
        format="alertmanager",
        key_digest=digest("key-other"),
        category=Category.objects.get(key="api_security"),
    )


def plain_source(given: dict[str, str] | None = None, preset: str = "desk") -> Source:
    """A source of plain JSON with the key `key-json`."""
    return Source.objects.create(
        name="home made",
        format="json",
        key_digest=digest("key-json"),
        preset=preset,
        expressions=given or dict(presets.PRESETS[preset].expressions),
    )


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements of a block, without those that begin and end transactions."""
    found: list[str] = []
    with CaptureQueriesContext(connection) as captured:
        yield found
    found += [q["sql"] for q in captured if not q["sql"].startswith(NOT_COUNTED)]


def said(response: HttpResponse) -> tuple[int, str]:
    """Status and the one sentence of a refusal."""
    found = json.loads(response.content)
    assert set(found) == {"error"}
    return response.status_code, found["error"]


def answer(response: HttpResponse) -> dict[str, Any]:
    """The body of an acceptance."""
    assert response.status_code == 202, response.content
    found: dict[str, Any] = json.loads(response.content)
    return found


def only() -> Incident:
    """The one incident there is."""
    return Incident.objects.get()
