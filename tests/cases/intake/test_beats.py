"""Heartbeats: a source that has to call in, and what happens when it does not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from cases.intake import beats
from cases.models import Event, Heartbeat, Incident, Source
from incidentdesk.kernel.shown_once import digest
from tests.cases.intake.conftest import counted, only
from tests.conftest import NOW, People

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def nightly(db: None, time_machine: Any) -> Source:
    """It calls in every hour, and may be five minutes late; the clock stands at NOW."""
    time_machine.move_to(NOW, tick=False)
    return Source.objects.create(
        name="nightly run",
        format="heartbeat",
        key_digest=digest("key-beat"),
        period_minutes=60,
        grace_minutes=5,
    )


@pytest.fixture
def at(time_machine: Any) -> Any:
    """`at(minutes)`: that many minutes after NOW, with the job run then. Answers what it found."""

    def move(minutes: float) -> int:
        time_machine.move_to(NOW + minutes * MINUTE, tick=False)
        return beats.find_missing(at=NOW + minutes * MINUTE)

    return move


def call(path: str = "/heartbeat/key-beat", method: str = "get", body: str = "") -> str:
    sent = getattr(Client(), method)(
        path, **({"data": body, "content_type": "text/plain"} if body else {})
    )
    assert sent.status_code == 200, sent.content
    return str(sent.json()["status"])


def said() -> list[tuple[str, bool]]:
    """The title of each incident, and whether its alert fires."""
    return [
        (one.title, one.alerts.filter(resolved_at=None).exists())
        for one in Incident.objects.order_by("id")
    ]


@pytest.mark.fault("F27", "its beat does not come")
def test_a_missing_beat_opens_an_incident_and_the_next_one_clears_it(
    nightly: Source, at: Any
) -> None:
    assert at(500) == 0  # nothing is missed before the first beat
    at(0)
    assert [call(), call(method="post"), call("/intake/key-beat/heartbeat")] == ["well"] * 3
    assert Event.objects.count() == 0  # a beat is no delivery
    assert at(65) == 0
    assert [at(65.1), at(66), at(300)] == [1, 0, 0]
    assert said() == [("nightly run did not call in", True)]
    assert only().description == (
        "It was due by 10:45 UTC, every 60 min. Last beat: 4 Mar 2026 09:40 UTC."
    ).replace("10:45", f"{NOW + 65 * MINUTE:%H:%M}").replace("09:40", f"{NOW:%H:%M}")
    assert only().detected_by == "Heartbeat · source “nightly run”"
    assert call() == "resolved"
    assert said() == [("nightly run did not call in", False)]
    assert only().recovery_proposed_at is not None
    assert [one.outcome for one in Event.objects.all()] == ["done", "done"]
    assert at(364) == 0
    assert at(366) == 1  # it is armed again; the incident is open still, so the alert joins it
    assert said() == [("nightly run did not call in", True)]


def test_a_failure_opens_at_once_and_folds_until_a_beat(nightly: Source, at: Any) -> None:
    call()
    failed = "/heartbeat/key-beat/fail"
    assert [call(failed, "post", "disk full"), call(failed)] == ["opened", "folded"]
    assert (only().title, only().description) == ("nightly run says that it failed", "disk full")
    assert at(600) == 0  # somebody was told already
    assert [call(), call()] == ["resolved", "well"]


def test_a_run_that_began_and_does_not_end_is_missed_after_its_grace(
    nightly: Source, at: Any
) -> None:
    assert call("/heartbeat/key-beat/start") == "started"
    assert [at(5), at(6)] == [0, 1]
    assert only().description.endswith(f"Last beat: never. A run began at {NOW:%H:%M} UTC.")
    assert call("/intake/key-beat/heartbeat") == "resolved"
    assert Heartbeat.objects.get().started_at is None


def test_a_source_that_is_switched_off_or_unknown_calls_in_vain(nightly: Source, at: Any) -> None:
    call()
    Source.objects.update(is_active=False)
    assert at(600) == 0
    for path in ("/heartbeat/key-beat", "/heartbeat/nobody", "/heartbeat/nobody/fail"):
        assert Client().get(path).status_code == 404
    assert Client().get("/heartbeat/key-beat/sing").status_code == 404
    assert Incident.objects.count() == 0


def test_a_beat_costs_the_same_however_often_it_comes(nightly: Source) -> None:
    call()
    with counted() as first:
        call()
    for _ in range(5):
        call()
    with counted() as later:
        call()
    assert len(later) == len(first) <= 6


def test_the_page_says_how_it_stands(nightly: Source, at: Any, people: People) -> None:
    browser = Client()
    browser.force_login(people["responder"])
    url = f"/admin/cases/source/{nightly.pk}/change/"
    assert "None yet; the first one arms it." in browser.get(url).text
    call()
    page = browser.get(url).text
    assert "All is well." in page
    due = NOW + 65 * MINUTE
    assert f'<dt>Next one due</dt><dd><time datetime="{due.isoformat()}">' in page
    at(70)
    browser.logout()  # a session of that hour
    browser.force_login(people["responder"])
    assert "It is missing, or failed." in browser.get(url).text
