"""Pages claimed when somebody acknowledged, lists that are stuck, raises in a storm."""

from __future__ import annotations

import pytest
from django.db import OperationalError, transaction

from incidentdesk.kernel.models import User
from notifications import bundling, delivery, escalation
from notifications.models import Escalation, Message, MessageEvent
from tests.notifications.conftest import NOON, minutes, path, person, seconds, start
from tests.sinks import SmtpSink

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> User:
    made = person("Ada")
    path((0, [made]), severities=[1, 2, 3])
    return made


def acknowledge(about: str) -> None:
    with transaction.atomic():
        escalation.acknowledge(about=about, by_user_id=None, by_name="Bo", at=seconds(1))


def test_what_a_dead_sender_had_claimed_is_not_sent_once_it_was_acknowledged(
    ada: User, sink: SmtpSink
) -> None:
    for number in range(2):
        start(about=f"incident:{number}")
    escalation.run_due(at=NOON)
    claimed = delivery.claim(at=NOON)  # by a sender that then dies, or hangs in its try
    assert [message.about for message in claimed] == ["incident:0", "incident:1"]
    acknowledge("incident:0")
    delivery.deliver_due(at=minutes(2))
    assert [message["Subject"].split(" ")[0] for message in sink.messages] == ["SEV-1"]
    states = Message.objects.order_by("pk").values_list("about", "state")
    assert list(states) == [("incident:0", "superseded"), ("incident:1", "sent")]
    last = MessageEvent.objects.filter(message__about="incident:0").latest("pk")
    assert last.detail == "It was acknowledged, or over, before it was sent."


def test_a_raise_is_paged_at_once_to_whoever_just_had_four_of_less(ada: User) -> None:
    for number in range(4):
        start(about=f"incident:{number}", severity=3)
    escalation.run_due(at=NOON)
    facts = {"category": "", "title": "T", "reference": "R", "url": "/admin/"}
    with transaction.atomic():
        escalation.restart(about="incident:3", severity=1, at=seconds(10), **facts)
    escalation.run_due(at=seconds(10))
    newest = Message.objects.filter(about="incident:3").latest("pk")
    assert (newest.state, (newest.facts or {})["severity"]) == ("queued", 1)


def test_a_list_that_cannot_be_written_holds_up_no_other_and_no_step(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    bo = person("Bo")
    path((0, [ada, bo]), severities=[1, 2, 3], position=0, name="Both")
    for number in range(6):
        start(about=f"incident:{number}", severity=3)
    escalation.run_due(at=NOON)
    whole = bundling._send_list

    def broken(person_id: int, *, at: object) -> int:
        if person_id == ada.pk:
            raise OperationalError("canceling statement due to lock timeout")
        return whole(person_id, at=at)  # type: ignore[arg-type]

    monkeypatch.setattr(bundling, "_send_list", broken)
    assert bundling.send_lists(at=seconds(40)) == 1
    assert list(Message.objects.filter(kind="pages").values_list("to_user", flat=True)) == [bo.pk]
    assert Escalation.objects.filter(next_action_at__lte=seconds(40)).count() == 0
