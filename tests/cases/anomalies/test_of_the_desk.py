"""The desk's own figures: deliveries, failed logins, failed messages, a minute each."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client

from cases.anomalies import of_the_desk
from cases.intake import sources
from cases.models import Event, Observation, Series, Source
from notifications.models import Message, MessageEvent
from tests.cases.anomalies.conftest import MINUTE
from tests.conftest import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_tries_yet():
    cache.clear()  # logins are limited by it


SECOND = timedelta(seconds=1)


def rows():
    found = Observation.objects.order_by("series__name", "at")
    return [
        (name, at, value) for name, at, value in found.values_list("series__name", "at", "value")
    ]


def test_each_minute_that_is_over_is_measured_once_and_empty_ones_as_well(source, people):
    for seconds in (-1, 0, 59, 60):
        Event.objects.create(source=source, received_at=NOW + seconds * SECOND, outcome="done")
    with time_machine.travel(NOW + 10 * SECOND, tick=False):
        wrong = {"login": "responder@desk.test", "password": "not-this-one"}
        Client().post("/accounts/login/", wrong)
    message = Message.objects.create(
        kind="page",
        channel="email",
        to_address="a@b.test",
        subject="x",
        body_text="x",
        about="incident:1",
        dedupe_key="x",
        created_at=NOW,
        message_id="<1@desk>",
        next_try_at=NOW,
    )
    MessageEvent.objects.create(message=message, at=NOW + 5 * SECOND, event="failed")
    MessageEvent.objects.create(message=message, at=NOW + 5 * SECOND, event="retry")
    at = NOW + MINUTE + 10 * SECOND
    assert of_the_desk.measure(at=at) == 3
    assert of_the_desk.measure(at=at) == 0
    assert rows() == [
        ("desk_deliveries", NOW, 2.0),
        ("desk_failed_logins", NOW, 1.0),
        ("desk_failed_messages", NOW, 1.0),
    ]
    assert of_the_desk.measure(at=at + 2 * MINUTE) == 6
    assert [value for _, _, value in rows()] == [2.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0]
    known = Series.objects.order_by().values_list("kind", "is_on", "source__format").distinct()
    assert list(known) == [("count", False, "desk")]


def test_the_desk_is_a_source_once_and_nobody_has_its_key():
    desk = sources.the_desk()
    assert sources.the_desk() == desk == Source.objects.get()
    assert (desk.name, desk.is_active) == ("The desk itself", True)
