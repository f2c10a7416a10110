"""By which way a page goes, and what happens when that way does not work."""

from __future__ import annotations

import json
from datetime import time, timedelta
from typing import Any

import pytest
import standardwebhooks
from django.db import transaction

from incidentdesk.kernel import clocks, shown_once
from incidentdesk.kernel.models import User
from notifications import contacts, delivery, escalation, failover, turns
from notifications.models import ContactMethod, Escalation, Message, MessageEvent
from tests.hooks import Receiver
from tests.notifications.conftest import (
    ABOUT,
    NOON,
    in_threads,
    method,
    minutes,
    path,
    person,
    seconds,
    start,
)
from tests.sinks import SmtpSink

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> User:
    """Somebody who is paged."""
    return person("Ada")


def paged_now(user: User, **facts: Any) -> Message:
    """A page to one person at noon, about what runs already or not."""
    values = {"by_name": "Bob", "note": "", "title": "Stale", "reference": "INC-7", "url": "/x/"}
    with transaction.atomic():
        escalation.page(about=ABOUT, at=NOON, user_ids=[user.pk], **(values | facts))
    return Message.objects.latest("pk")


def by_ladder(user: User) -> Escalation:
    """An incident that pages this person by the first step of its path, at noon."""
    path((0, [user]), (30, [user]))
    row = start()
    escalation.run_due(at=NOON)
    return row


def sent_to() -> list[tuple[str, str, str]]:
    """State, address and the end of the key of each message, in order."""
    rows = Message.objects.order_by("id")
    return [(r.state, r.to_address, r.dedupe_key.rpartition(":")[2]) for r in rows]


def events_of(row: Message) -> list[str]:
    """What its log says happened."""
    return list(row.events.order_by("id").values_list("event", flat=True))


# --- which way ------------------------------------------------------------------------------------


def test_a_page_goes_by_the_first_way_that_fits_and_says_it_in_that_way_s_words(ada: User) -> None:
    method(ada, "Later", position=2)
    method(ada, "Grave only", position=1, reach=1, shown="phone")
    method(person("Eve"), "Another's", position=1)
    row = paged_now(ada, severity=1)
    assert (row.channel, row.to_address, row.subject) == ("apprise", "phone", "SEV-1 INC-7: Stale")
    assert row.body_text == "SEV-1 INC-7: Stale\nhttp://localhost:8000/x/"
    assert paged_now(ada, severity=2, note="b").method == ContactMethod.objects.get(label="Later")


@pytest.mark.parametrize(
    "facts",
    [
        {"verified_at": None},
        {"bad_since": NOON},
        {"removed_at": NOON, "address": ""},
        {"reach": 1},
        {"from_time": time(13), "until_time": time(14)},
    ],
)
def test_a_way_that_does_not_fit_is_passed_over_for_the_address_of_the_account(
    ada: User, facts: dict[str, Any]
) -> None:
    method(ada, **facts)
    row = paged_now(ada, severity=2)
    assert (row.channel, row.to_address, row.next_way_at) == ("email", "ada@desk.test", None)


def test_a_step_of_the_ladder_carries_the_link_to_acknowledge(ada: User, hook: Receiver) -> None:
    method(ada, address=f"json://127.0.0.1:{hook.port}/hook")
    by_ladder(ada)
    turns.deliver_due(at=NOON)
    ((_, body),) = hook.calls
    text = json.loads(body)["message"]
    assert text.startswith("SEV-1 INC-2026-0007: Quotes are stale\nhttp://localhost:8000/ack/")
    assert [state for state, _, _ in sent_to()] == ["sent"]


def test_a_program_of_one_s_own_is_called_signed(ada: User, hook: Receiver) -> None:
    secret = shown_once.signing_secret()
    method(ada, channel="webhook", address=hook.url, secret=secret)
    by_ladder(ada)
    turns.deliver_due(at=clocks.now())
    ((headers, body),) = hook.calls
    told = standardwebhooks.Webhook(secret).verify(body, headers)
    assert (told["type"], told["data"]["reference"]) == ("desk.page", "INC-2026-0007")
    assert told["data"]["ack_link"].startswith("http://localhost:8000/ack/")
    assert headers["webhook-id"] == f"msg_{Message.objects.get().pk}"


def test_a_list_of_pages_goes_by_the_same_ways_and_next_ways_count_as_no_further_page(
    ada: User,
) -> None:
    from notifications import bundling

    method(ada)
    path((0, [ada]))
    for number in range(6):
        start(about=f"incident:{number}", reference=f"INC-{number}")
    escalation.run_due(at=NOON)
    failover.follow_due(at=minutes(1))
    bundling.send_lists(at=minutes(1))
    found = Message.objects.exclude(state="suppressed").values_list("kind", "channel", "way")
    assert sorted(found) == [
        *[("page", "apprise", 1)] * 4,
        *[("page", "email", 2)] * 4,
        ("pages", "apprise", 1),
    ]


# --- when it does not work ------------------------------------------------------------------------


@pytest.mark.fault("F13", "the next way at once")
def test_a_refusal_for_good_sends_it_by_the_next_way_at_once(
    ada: User, hook: Receiver, sink: SmtpSink
) -> None:
    method(ada, address=f"json://127.0.0.1:{hook.port}/hook")
    hook.status = 404
    by_ladder(ada)
    turns.deliver_due(at=NOON)
    assert [row[:2] for row in sent_to()] == [("failed", "json"), ("queued", "ada@desk.test")]
    first, second = Message.objects.order_by("id")
    assert second.dedupe_key == f"{first.dedupe_key}:m2"
    assert events_of(first) == ["queued", "failed", "followed"]
    delivery.deliver_due(at=minutes(1))
    assert sink.recipients == ["ada@desk.test"]
    assert "/ack/" in second.body_text


@pytest.mark.parametrize("answer", ["", "451 4.7.1 Greylisted, come back later"])
@pytest.mark.fault("F11", "the next way after a minute")
def test_what_is_not_handed_over_within_a_minute_goes_by_the_next_way_and_is_tried_on(
    ada: User, sink: SmtpSink, settings: Any, answer: str
) -> None:
    """F11 (port closed) and F12 (greylisting)."""
    if not answer:
        settings.EMAIL_PORT = 9
    sink.refuse(answer or "451 x", to="home")
    method(ada, channel="email", address="ada@home.test", shown="a…@home.test")
    by_ladder(ada)
    for second in (0, 5, 20, 49):
        delivery.deliver_due(at=seconds(second))
        assert failover.follow_due(at=seconds(second)) == 0
    assert failover.follow_due(at=seconds(55)) == 1
    assert failover.follow_due(at=seconds(56)) == 0
    assert [row[:2] for row in sent_to()] == [
        ("queued", "a…@home.test"),
        ("queued", "ada@desk.test"),
    ]
    settings.EMAIL_PORT = sink.port
    sink.accept()
    delivery.deliver_due(at=minutes(3))
    assert sorted(sink.recipients) == ["ada@desk.test", "ada@home.test"]


@pytest.mark.fault("F12", "the ladder goes on")
def test_the_step_after_is_not_delayed_by_a_way_that_does_not_work(ada: User) -> None:
    """F12: the ladder waits for an acknowledgement alone."""
    method(ada)
    row = by_ladder(ada)
    failover.follow_due(at=minutes(1))
    escalation.run_due(at=minutes(30))
    row.refresh_from_db()
    assert row.next_action_at == minutes(45)
    assert [address for _, address, _ in sent_to()] == ["json", "ada@desk.test", "json"]


def test_each_way_is_tried_once_and_after_the_last_there_is_none(ada: User) -> None:
    method(ada, "A", position=1)
    method(ada, "B", position=2)
    paged_now(ada)
    for minute in range(1, 6):
        failover.follow_due(at=minutes(minute))
    found = Message.objects.order_by("id").values_list("method__label", "way", "next_way_at")
    assert list(found) == [("A", 1, None), ("B", 2, None), (None, 3, None)]


def test_the_address_of_the_account_is_not_told_twice(ada: User) -> None:
    method(ada, channel="email", address="ada@desk.test")
    row = paged_now(ada)
    assert row.next_way_at is None
    failover.follow(row, "x", at=minutes(1))
    assert Message.objects.count() == 1


def test_what_was_acknowledged_goes_by_no_further_way_and_what_waits_is_not_sent(
    ada: User, sink: SmtpSink
) -> None:
    method(ada)
    by_ladder(ada)
    other = paged_now(ada)  # somebody asks for her: no step of the ladder
    with transaction.atomic():
        escalation.acknowledge(about=ABOUT, by_user_id=None, by_name="Bob", at=seconds(5))
    assert [state for state, _, _ in sent_to()] == ["superseded", "queued"]
    step = Message.objects.earliest("pk")
    assert step.last_error == "Bob acknowledged it before this was sent."
    failover.follow(step, "550 no", at=seconds(6))
    failover.follow_due(at=minutes(2))
    assert [(m.way, m.dedupe_key) for m in Message.objects.filter(way=2)] == [
        (2, f"{other.dedupe_key}:m2")
    ]


def test_who_left_is_told_by_no_further_way(ada: User) -> None:
    method(ada)
    paged_now(ada)
    User.objects.filter(pk=ada.pk).update(is_active=False)
    failover.follow_due(at=minutes(1))
    assert Message.objects.count() == 1


def test_a_way_that_is_followed_twice_leads_to_the_next_one_once(ada: User) -> None:
    method(ada)
    row = paged_now(ada)
    assert failover.follow(row, "x", at=minutes(1)) is not None
    assert failover.follow(row, "x", at=minutes(1)) is None
    assert Message.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_go_on_by_the_next_way_once_for_each_page(ada: User) -> None:
    method(ada)
    for number in range(10):
        paged_now(ada, note=str(number))
    answers = in_threads(*[lambda: failover.follow_due(at=minutes(1))] * 4)
    assert sum(answers) == 10
    assert Message.objects.filter(way=2).count() == 10
    assert MessageEvent.objects.filter(event="followed").count() == 10


# --- a way goes bad -------------------------------------------------------------------------------


@pytest.mark.fault("F13", "three in a row")
def test_three_refusals_in_a_row_make_a_way_bad_and_its_person_is_told(
    ada: User, hook: Receiver
) -> None:
    row = method(ada, "Team chat", address=f"json://127.0.0.1:{hook.port}/hook")
    statuses = [404, 404, 200, 404, 404, 404]
    bad = []
    for number, hook.status in enumerate(statuses):
        paged_now(ada, note=str(number))
        turns.deliver_due(at=seconds(number))
        row.refresh_from_db()
        bad.append((row.failures, row.bad_since is not None))
    assert bad == [(1, False), (2, False), (0, False), (1, False), (2, False), (3, True)]
    told = Message.objects.get(kind="method_bad")
    assert (told.to_address, told.channel) == ("ada@desk.test", "email")
    assert told.subject == "Pages do not reach you by “Team chat” any more"
    assert paged_now(ada, note="after").channel == "email"


def test_a_test_that_is_taken_makes_it_good_again(ada: User, hook: Receiver) -> None:
    from incidentdesk.kernel import access

    address = f"json://127.0.0.1:{hook.port}/hook"
    row = method(ada, address=address, failures=3, bad_since=NOON, bad_because="404")
    contacts.try_out(method_id=row.pk, by=access.actor_for(ada), at=NOON)
    turns.deliver_due(at=NOON)
    row.refresh_from_db()
    assert (row.failures, row.bad_since, row.bad_because) == (0, None, "")
    assert row.last_test is not None
    assert row.last_test.state == "sent"


def test_a_program_that_says_it_is_gone_is_bad_at_once(ada: User, hook: Receiver) -> None:
    row = method(ada, channel="webhook", address=hook.url, secret=shown_once.signing_secret())
    hook.status = 410
    paged_now(ada)
    turns.deliver_due(at=clocks.now())
    row.refresh_from_db()
    assert row.bad_since is not None


# --- a provider that tells of deliveries ----------------------------------------------------------


@pytest.mark.fault("F26", "no report of delivery")
def test_a_page_of_whose_delivery_nothing_is_heard_goes_by_the_next_way(ada: User) -> None:
    """F26."""
    from notifications.channels import Answer, Outcome

    method(ada, channel="email", address="ada@home.test")
    paged_now(ada)
    (claimed,) = delivery.claim(at=NOON)
    taken = Answer(Outcome.ACCEPTED, "ok", provider_id="p-1", is_reported=True)
    delivery.mark(claimed, taken, at=seconds(1))
    assert failover.follow_due(at=minutes(3)) == 0
    assert failover.follow_due(at=minutes(3) + timedelta(seconds=1)) == 1
    assert [(m.state, m.way) for m in Message.objects.order_by("id")] == [
        ("sent", 1),
        ("queued", 2),
    ]
