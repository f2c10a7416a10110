"""More than a source may send: refused with a time to come back, and an incident that says so."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from random import randrange
from typing import Any

import pytest
from time_machine import travel

from cases.intake import storm
from cases.models import Alert, Event, Incident, Source
from incidentdesk.kernel import clocks
from incidentdesk.kernel.shown_once import digest
from tests.cases.intake.conftest import Post, alert, answer, call, only

pytestmark = pytest.mark.django_db
minutes = count(randrange(1_000_000), 2)  # nobody else has counted in these


@pytest.fixture(autouse=True)
def five(settings: Any) -> Iterator[None]:
    """A limit of five in a minute, in a minute that nobody has counted in, twenty seconds old."""
    settings.INTAKE_LIMIT = 5
    ahead = timedelta(days=1, minutes=next(minutes))
    minute = clocks.now().replace(second=20, microsecond=0) + ahead
    storm._minute.number = 0
    with travel(minute, tick=False):
        yield
    storm._minute.number = 0


def flood(post: Post, times: int, to: str = "/intake/key-alertmanager/alertmanager") -> list[int]:
    return [post(call(alert()), to).status_code for _ in range(times)]


@pytest.mark.asvs("2.4.1", 11)
def test_past_the_limit_it_is_429_until_the_minute_is_over(source: Source, post: Post) -> None:
    assert flood(post, 7) == [202] * 5 + [429] * 2
    refused = post(call(alert()))
    assert (refused.status_code, refused["Retry-After"]) == (429, "40")
    assert refused.json() == {
        "error": "These are more deliveries than a source may send in a minute."
    }
    with travel(clocks.now() + timedelta(seconds=40), tick=False):
        assert flood(post, 1) == [202]


def test_what_was_accepted_is_all_there(source: Source, post: Post) -> None:
    flood(post, 9)
    assert Alert.objects.get(source=source).count == 5
    assert Event.objects.filter(source=source).count() == 5


def test_the_storm_is_one_incident_that_clears_when_it_is_over(source: Source, post: Post) -> None:
    flood(post, 9)
    loud = Incident.objects.get(title__contains="deliveries a minute")
    assert loud.title == "prod-eu sends more than 5 deliveries a minute"
    assert loud.urgency == 3
    storm.calm_down(at=clocks.now() + timedelta(minutes=2))
    assert loud.alerts.get().resolved_at is None
    storm.calm_down(at=clocks.now() + timedelta(minutes=4))
    assert loud.alerts.get().resolved_at is not None
    assert Alert.objects.get(source=source).resolved_at is None


def test_another_source_is_not_held_up(source: Source, post: Post) -> None:
    Source.objects.create(name="quiet", format="datadog", key_digest=digest("key-quiet"))
    flood(post, 9)
    to = "/intake/key-quiet/datadog"
    assert post({"id": "1", "title": "x", "transition": "Triggered"}, to).status_code != 429


def test_a_key_that_nobody_has_opens_nothing(source: Source, post: Post) -> None:
    assert flood(post, 7, "/intake/nobody/alertmanager") == [404] * 5 + [429] * 2
    assert Incident.objects.count() == 0


def test_processes_count_together(source: Source, post: Post) -> None:
    flood(post, 5)
    storm._minute.counts.clear()  # another process, which has counted nothing yet
    assert flood(post, 6) == [202] * 4 + [429] * 2


def test_many_that_cannot_be_read_are_an_incident_about_their_source(
    source: Source, post: Post, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.INTAKE_LIMIT = 1_000
    monkeypatch.setattr(storm, "REFUSED", 4)
    for number in range(6):
        assert post("{").status_code == 400
        assert Incident.objects.count() == (1 if number >= 3 else 0)
    assert only().title == "4 deliveries of prod-eu could not be read"
    storm.calm_down(at=clocks.now() + timedelta(minutes=14))
    assert only().recovery_proposed_at is None
    storm.calm_down(at=clocks.now() + timedelta(minutes=16))
    assert only().recovery_proposed_at is not None


def test_a_source_at_ease_costs_no_word_with_the_cache(
    source: Source, post: Post, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.INTAKE_LIMIT = 15_000
    asked: list[str] = []
    monkeypatch.setattr(storm.counted, "count", lambda name, *_, **__: asked.append(name) or 0)
    answer(post(call(alert())))
    assert asked == []
