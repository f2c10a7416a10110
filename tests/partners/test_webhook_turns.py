"""Webhooks: the lines take turns, so that one of slow servers delays itself and no other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest

from incidentdesk.kernel import clocks, outgoing
from notifications import turns
from notifications.channels import webhook
from notifications.models import Message, MessageEvent
from partners import deliveries, webhooks
from partners.models import Partner, Webhook
from tests.hooks import Receiver, receiver
from tests.partners.conftest import Both, Side
from tests.partners.test_webhooks import EVERY, boss

pytestmark = pytest.mark.django_db


@pytest.fixture
def servers(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Receiver]]:
    """Three programs that listen on this machine: two are slow."""
    settings.WEBHOOK_LOOPBACK = True
    slow = outgoing.Caps(read=30.0, whole=30.0)  # the tests say how slow a server is
    monkeypatch.setattr(webhook, "CAPS", slow)
    with ExitStack() as stack:
        three = [stack.enter_context(receiver()) for _ in range(3)]
        three[0].seconds = three[1].seconds = 0.6
        yield three


@pytest.fixture(autouse=True)
def _sender(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test that failed left under way is nothing to the next one."""
    monkeypatch.setattr(turns, "_sender", turns.Sender())


def hooked(side: Side, server: Receiver) -> Webhook:
    """A webhook of that side's."""
    return webhooks.add(url=server.url, events=EVERY, by=boss(side), at=clocks.now())[0]


def told(webhook: Webhook, partner: Partner, number: int) -> Message:
    """One more event for it."""
    one = deliveries.Told(
        partner.pk, f"evt_{number}", "incident.disclosed", "", {"number": number}, "partner:x"
    )
    return deliveries.send([(webhook, one)], key=str(number), at=clocks.now())[0].message


def marked() -> list[str]:
    """The events of the messages, in the order in which it was written down how they went."""
    lines = MessageEvent.objects.exclude(event="queued").order_by("pk")
    known = lines.filter(message__channel="webhook").values_list(
        "message__delivery__event_id", "event"
    )
    return [" ".join(one) for one in known]


def finish() -> None:
    """One run after the other, until nothing is due and nothing under way."""
    while turns.deliver_due(at=clocks.now()):
        pass


def numbers(server: Receiver) -> list[str]:
    """What came there, in the order in which it came."""
    return [headers["webhook-id"] for headers, _ in server.calls]


def test_many_calls_to_slow_servers_delay_no_other_partner(
    both: Both, servers: list[Receiver], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(turns, "RUN_SECONDS", 1.0)
    monkeypatch.setattr(turns, "SHARE_SECONDS", 1.0)
    slow = [hooked(both.a, servers[0]), hooked(both.a, servers[1])]
    quick = hooked(both.b, servers[2])
    for number in range(40):
        told(slow[number % 2], both.a.partner, number)
    for number in range(10):
        told(quick, both.b.partner, number)
    claimed = turns.claim(at=clocks.now())
    assert [(one.line, one.attempts) for one in claimed] == [
        *[(f"partner:{both.a.partner.pk}", 1)] * turns.SHARE,
        *[(f"partner:{both.b.partner.pk}", 1)] * 10,
    ]
    turns.delivery.give_back(claimed, at=clocks.now())
    turns.deliver_due(at=clocks.now())
    assert numbers(servers[2]) == [f"evt_{number}" for number in range(10)]
    waiting = Message.objects.filter(state="queued", channel="webhook")
    assert {one.line for one in waiting} == {f"partner:{both.a.partner.pk}"}
    first = Message.objects.filter(state="sent").order_by("sent_at")[:10]
    assert {one.line for one in first} == {f"partner:{both.b.partner.pk}"}


def test_each_webhook_is_called_in_the_order_of_what_happened(both: Both, servers: list[Receiver]):
    servers[0].seconds = 0.0
    webhook = hooked(both.a, servers[0])
    for number in range(30):
        told(webhook, both.a.partner, number)
    finish()
    assert numbers(servers[0]) == [f"evt_{number}" for number in range(30)]
    states = Message.objects.filter(channel="webhook").values_list("state", "attempts")
    assert set(states) == {("sent", 1)}


def test_the_line_that_was_served_longest_ago_comes_first(
    both: Both, servers: list[Receiver], monkeypatch: pytest.MonkeyPatch
):
    a, b = hooked(both.a, servers[2]), hooked(both.b, servers[2])
    for number in range(3):
        told(a, both.a.partner, number)
    told(b, both.b.partner, 9)
    monkeypatch.setattr(turns, "SHARE", 1)
    now = clocks.now()
    served = []
    for turn in range(4):
        at = now + timedelta(seconds=turn)
        (one,) = turns.claim(at=at, lines=1)
        served.append(one.line == f"partner:{both.a.partner.pk}")
        turns.delivery.mark(one, turns.Answer(turns.delivery.Outcome.ACCEPTED), at=at)
    assert served == [True, False, True, True]


def test_nobody_serves_a_line_that_another_is_serving(both: Both, servers: list[Receiver]):
    webhook = hooked(both.a, servers[2])
    for number in range(turns.SHARE + 5):
        told(webhook, both.a.partner, number)
    now = clocks.now()
    assert len(turns.claim(at=now)) == turns.SHARE
    assert turns.claim(at=now) == []
    later = now + turns.delivery.LEASE
    assert [one.attempts for one in turns.claim(at=later)] == [2] * turns.SHARE


def test_what_its_share_leaves_over_goes_back_untried(
    both: Both, servers: list[Receiver], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(turns, "SHARE_SECONDS", 0.3)
    monkeypatch.setattr(turns, "RUN_SECONDS", 0.1)
    monkeypatch.setattr(turns, "LOOK_SECONDS", 30.0)
    webhook = hooked(both.a, servers[0])
    for number in range(3):
        told(webhook, both.a.partner, number)
    assert turns.deliver_due(at=clocks.now()) is True
    states = Message.objects.filter(channel="webhook").order_by("id")
    assert [(one.state, one.attempts) for one in states] == [
        ("sent", 1),
        ("queued", 0),
        ("queued", 0),
    ]


def test_what_falls_due_meanwhile_is_not_held_up_by_a_slow_call_of_another_line(
    both: Both, servers: list[Receiver]
):
    slow, quick = hooked(both.a, servers[0]), hooked(both.b, servers[2])
    servers[0].seconds = 0.0
    servers[0].until = lambda: len(servers[2].calls) == 3  # the second is answered by then
    told(slow, both.a.partner, 0)
    told(quick, both.b.partner, 1)
    for number in (2, 3):
        later = told(quick, both.b.partner, number)
        Message.objects.filter(pk=later.pk).update(next_try_at=clocks.now() + timedelta(seconds=1))
    finish()
    order = marked()
    assert sorted(order) == ["evt_0 sent", "evt_1 sent", "evt_2 sent", "evt_3 sent"]
    assert [one for one in order if one != "evt_3 sent"] == [
        "evt_1 sent",
        "evt_2 sent",
        "evt_0 sent",
    ]


def test_a_run_ends_without_waiting_for_a_slow_call_which_a_later_one_marks(
    both: Both, servers: list[Receiver], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(turns, "RUN_SECONDS", 0.1)
    slow, quick = hooked(both.a, servers[0]), hooked(both.b, servers[2])
    servers[0].seconds = 0.0
    servers[0].until = lambda: len(servers[2].calls) == 2
    told(slow, both.a.partner, 0)
    told(slow, both.a.partner, 1)
    assert turns.deliver_due(at=clocks.now()) is True
    assert marked() == []
    for number in (2, 3):
        told(quick, both.b.partner, number)
    finish()
    assert numbers(servers[0]) == ["evt_0", "evt_1"]
    assert marked()[0] == "evt_2 sent"
    states = Message.objects.filter(channel="webhook").values_list("state", "attempts")
    assert list(states) == [("sent", 1)] * 4


def test_no_more_lines_are_served_at_once_than_may_be(
    both: Both, servers: list[Receiver], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(turns, "LINES", 1)
    monkeypatch.setattr(turns, "RUN_SECONDS", 0.1)
    monkeypatch.setattr(turns, "LOOK_SECONDS", 0.1)
    servers[0].seconds = 2.0
    a, b = hooked(both.a, servers[0]), hooked(both.b, servers[2])
    told(a, both.a.partner, 0)
    assert turns.deliver_due(at=clocks.now()) is True
    told(b, both.b.partner, 1)
    finish()
    assert marked() == ["evt_0 sent", "evt_1 sent"]
