"""Webhooks: the lines take turns, so that one of slow servers delays itself and no other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest

from incidentdesk.kernel import clocks
from notifications import turns
from notifications.models import Message
from partners import deliveries, webhooks
from partners.models import Partner, Webhook
from tests.hooks import Receiver, receiver
from tests.partners.conftest import Both, Side
from tests.partners.test_webhooks import EVERY, boss

pytestmark = pytest.mark.django_db


@pytest.fixture
def servers(settings: Any) -> Iterator[list[Receiver]]:
    """Three programs that listen on this machine: two are slow."""
    settings.WEBHOOK_LOOPBACK = True
    with ExitStack() as stack:
        three = [stack.enter_context(receiver()) for _ in range(3)]
        three[0].seconds = three[1].seconds = 0.6
        yield three


def hooked(side: Side, server: Receiver) -> Webhook:
    """A webhook of that side's."""
    return webhooks.add(url=server.url, events=EVERY, by=boss(side), at=clocks.now())[0]


def told(webhook: Webhook, partner: Partner, number: int) -> Message:
    """One more event for it."""
    one = deliveries.Told(
        partner.pk, f"evt_{number}", "incident.disclosed", "", {"number": number}, "partner:x"
    )
    return deliveries.send([(webhook, one)], key=str(number), at=clocks.now())[0].message


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
    while turns.deliver_due(at=clocks.now()):
        pass
    assert numbers(servers[0]) == [f"evt_{number}" for number in range(30)]
    states = Message.objects.filter(channel="webhook").values_list("state", "attempts")
    assert set(states) == {("sent", 1)}


def test_the_line_that_was_served_longest_ago_comes_first(
    both: Both, servers: list[Receiver], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(turns, "LINES", 1)
    a, b = hooked(both.a, servers[2]), hooked(both.b, servers[2])
    for number in range(3):
        told(a, both.a.partner, number)
    told(b, both.b.partner, 9)
    monkeypatch.setattr(turns, "SHARE", 1)
    now = clocks.now()
    served = []
    for turn in range(4):
        at = now + timedelta(seconds=turn)
        (one,) = turns.claim(at=at)
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
