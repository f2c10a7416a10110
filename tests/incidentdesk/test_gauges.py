"""`/metrics`: what a Prometheus is told, and who is told nothing."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from cases import workflow
from cases.models import Deadline, Event
from incidentdesk.kernel import clocks, progress
from incidentdesk.kernel.models import Finding
from notifications.models import Message
from tests.architecture.source import ROOT
from tests.conftest import as_owner

pytestmark = pytest.mark.django_db(transaction=True)
RULES = (ROOT / "deploy/prometheus/rules.yaml").read_text()
DASHBOARD = json.loads((ROOT / "deploy/grafana/desk.json").read_text())


def told(client: Client, **headers: Any) -> dict[str, dict[str, float]]:
    """Each figure by its labels."""
    answer = client.get("/metrics", **headers)
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain; version=")
    found: dict[str, dict[str, float]] = {}
    for family in text_string_to_metric_families(answer.content.decode()):
        for sample in family.samples:
            label = ",".join(sample.labels.values())
            found.setdefault(sample.name, {})[label] = sample.value
    return found


def test_it_counts_what_is_open_and_what_is_late(client: Client, declare: Any, people: Any) -> None:
    at = clocks.now()
    known, new = declare(title="One", at=at), declare(title="Another", at=at)
    assert known.severity == new.severity == 3
    workflow.acknowledge(incident_id=known.pk, by=people.actor("responder"), at=at)
    declare(title="A drill", at=at, is_exercise=True)
    Deadline.objects.all().update(due_at=at + timedelta(hours=1))
    late = Deadline.objects.filter(kind="evaluate")
    late.update(due_at=at - timedelta(minutes=1))
    assert late.count() == 3
    figures = told(client)
    assert figures["desk_incidents_open"] == {"1": 0, "2": 0, "3": 2, "4": 0}
    assert figures["desk_incidents_unacknowledged"] == {"1": 0, "2": 0, "3": 1, "4": 0}
    assert figures["desk_deadlines_overdue"] == {"": 2}
    assert figures["desk_incidents_total"][""] >= 3
    assert figures["desk_messages_total"][""] >= Message.objects.count()


def test_it_says_how_late_pages_steps_deliveries_and_parts_are(
    client: Client, declare: Any, source: Any
) -> None:
    figures = told(client)
    assert figures["desk_page_overdue_seconds"] == figures["desk_step_overdue_seconds"] == {"": 0}
    assert figures["desk_delivery_waiting_seconds"] == figures["desk_findings_open"] == {"": 0}
    now = clocks.database_now()
    declare(at=now - timedelta(seconds=300))
    Event.objects.create(
        source=source, received_at=now - timedelta(seconds=200), body="{}", outcome="pending"
    )
    Finding.objects.create(kind="late", words="Late", first_at=now, last_at=now)
    Finding.objects.create(kind="over", words="Over", first_at=now, last_at=now, cleared_at=now)
    progress.mark(progress.SENDER, always=True)
    figures = told(client)
    assert 300 <= figures["desk_step_overdue_seconds"][""] < 330
    assert 200 <= figures["desk_delivery_waiting_seconds"][""] < 230
    assert figures["desk_findings_open"] == {"": 1}
    assert figures["desk_up"] == {"redis": 1, "database": 1}
    assert list(figures["desk_part_silent_seconds"]) == [progress.SENDER]
    assert figures["desk_part_silent_seconds"][progress.SENDER] < 30


def test_without_its_database_it_says_that(client: Client, settings: Any) -> None:
    with as_owner() as cursor:
        cursor.execute("ALTER TABLE cases_incident RENAME TO cases_elsewhere")
    try:
        assert told(client) == {"desk_up": {"redis": 1, "database": 0}}
    finally:
        with as_owner() as cursor:
            cursor.execute("ALTER TABLE cases_elsewhere RENAME TO cases_incident")


def test_only_this_machine_reads_it_unless_there_is_a_token(client: Client, settings: Any) -> None:
    def status(**headers: Any) -> int:
        return client.get("/metrics", **headers).status_code

    assert status(REMOTE_ADDR="127.0.0.1") == status(REMOTE_ADDR="::1") == status(REMOTE_ADDR="")
    assert status(REMOTE_ADDR="127.0.0.1") == 200
    assert status(REMOTE_ADDR="192.0.2.7") == 404
    assert status(REMOTE_ADDR="127.0.0.1", HTTP_X_FORWARDED_FOR="192.0.2.7") == 404
    settings.TRUSTED_PROXIES = 1
    assert status(REMOTE_ADDR="127.0.0.1", HTTP_X_FORWARDED_FOR="192.0.2.7") == 404
    settings.METRICS_TOKEN = "a token of Prometheus"
    assert status(REMOTE_ADDR="127.0.0.1") == 404
    assert status(HTTP_AUTHORIZATION="Bearer another") == 404
    assert status(REMOTE_ADDR="192.0.2.7", HTTP_AUTHORIZATION="Bearer a token of Prometheus") == 200


def test_nobody_s_name_stands_in_it(client: Client, declare: Any, helix: Any) -> None:
    incident = declare(title="A title that nobody else has")
    text = client.get("/metrics").content.decode()
    for word in (incident.title, incident.reference, helix.name, helix.code, "desk.example"):
        assert word not in text


def test_rules_and_dashboard_ask_for_figures_that_there_are_and_know_the_limits(
    client: Client,
) -> None:
    progress.mark(progress.SENDER, always=True)  # a part that never ran has no figure
    there = set(told(client))
    asked = set(re.findall(r"desk_\w+", RULES))
    shown = {
        name
        for panel in DASHBOARD["panels"]
        for target in panel["targets"]
        for name in re.findall(r"desk_\w+", target["expr"])
    }
    assert asked - there == shown - there == set()
    limits = {
        part: int(limit)
        for parts, limit in re.findall(r'part=~?"([\w|]+)"\} > (\d+)', RULES)
        for part in parts.split("|")
    }
    wanted = {part: int(limit.total_seconds()) for part, limit in progress.LIMITS.items()}
    assert limits == {part: wanted[part] for part in limits}
    assert set(limits) == set(wanted) - {progress.WEBHOOKS}
