"""The feed: what happened for a partner, in order, from where one left off."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection, transaction

from cases import disclosure, thread
from cases.models import PartnerEvent
from incidentdesk.kernel import clocks
from tests.conftest import NOW
from tests.partners.conftest import TITLE, Both, leaks
from tests.partners.test_api import Program, a_token

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clocks, "now", lambda: NOW)


def test_the_feed_goes_on_from_where_one_left_off(both: Both, telling: Any):
    reads = Program(a_token(both.a)[1])
    first = reads.get("/feed").json()
    assert [(one["number"], one["type"]) for one in first["items"]] == [
        (1, "incident.disclosed"),
        (2, "notice.published"),
        (3, "request.opened"),
    ]
    assert first["next"] == 3
    assert reads.get("/feed", after=3).json() == {"items": [], "next": 3}
    telling.tell(both.b.involvement, "BIRCH more")
    telling.tell(both.a.involvement, "ALDER more")
    more = reads.get("/feed", after=3).json()
    assert [(one["number"], one["data"]["text"]) for one in more["items"]] == [(4, "ALDER more")]
    pages = [reads.get("/feed", after=n, limit=2).json()["next"] for n in (0, 2, 4)]
    assert pages == [2, 4, 4]
    whole = reads.get("/feed").text
    assert leaks(whole, "BIRCH", TITLE, "undisclosed", "unsent") == []


def test_what_the_thread_says_is_no_event(both: Both, telling: Any):
    before = PartnerEvent.objects.count()
    thread.reply(
        involvement_id=both.a.involvement.pk,
        text="ALDER once more",
        by=both.a.actor,
        at=telling.tick(),
    )
    assert PartnerEvent.objects.count() == before


def test_what_is_taken_back_takes_its_number_with_it(both: Both, telling: Any):
    last = PartnerEvent.objects.filter(partner=both.a.partner).latest("number").number
    with transaction.atomic():
        telling.tell(both.a.involvement, "ALDER never")
        transaction.set_rollback(True)
    copy = telling.tell(both.a.involvement, "ALDER after all")
    told = PartnerEvent.objects.filter(partner=both.a.partner).latest("number")
    assert (told.number, told.data["text"]) == (last + 1, copy.body)


@pytest.mark.django_db(transaction=True)
def test_an_event_that_commits_late_is_not_skipped(both: Both, telling: Any, people: Any):
    """The second waits for the first: nobody reads a number before the one that it follows."""
    other = telling.involve(telling.declare("GLOBAL another"), both.a)
    third = telling.involve(telling.declare("GLOBAL third"), both.a)
    by, at = people.actor("commander"), telling.tick()
    begun, go_on, done = threading.Event(), threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            disclosure.disclose(
                incident_id=other.incident_id, involvement_id=other.pk, by=by, at=at
            )
            begun.set()
            go_on.wait(10)
        connection.close()

    def quick() -> None:
        disclosure.disclose(incident_id=third.incident_id, involvement_id=third.pk, by=by, at=at)
        done.set()
        connection.close()

    reads = Program(a_token(both.a)[1])
    first, second = threading.Thread(target=slow), threading.Thread(target=quick)
    first.start()
    assert begun.wait(10)
    second.start()
    assert done.wait(0.5) is False
    assert reads.get("/feed", after=3).json() == {"items": [], "next": 3}
    go_on.set()
    first.join(10)
    second.join(10)
    items = reads.get("/feed", after=3).json()["items"]
    assert [(one["number"], one["data"]["reference"]) for one in items] == [
        (4, "ALDER-2026-0002"),
        (5, "ALDER-2026-0003"),
    ]
