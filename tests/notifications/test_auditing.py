"""What the auditor finds in the post office, a minute late and not before, and how it mends it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from pytest_django.fixtures import Settings

from incidentdesk.kernel.findings import Fault
from notifications import auditing, delivery, escalation
from notifications.models import Escalation, Message
from tests.notifications.conftest import (
    NOON,
    minutes,
    names_paged,
    path,
    person,
    queue,
    seconds,
    start,
)
from tests.sinks import SmtpSink, free_port

pytestmark = pytest.mark.django_db
LONG_AGO = NOON - timedelta(days=1)


def found(at: datetime, since: datetime = LONG_AGO) -> list[Fault]:
    """All faults at this moment."""
    return [fault for check in auditing.CHECKS for fault in check(at=at, since=since)]


def said(at: datetime, since: datetime = LONG_AGO) -> list[tuple[str, str]]:
    """The same as kinds and sentences."""
    return [(fault.kind, fault.words) for fault in found(at, since)]


def test_a_step_that_nobody_took_is_found_after_a_minute_and_wakes_the_scheduler(
    woken: list[str],
) -> None:
    path((0, [person("Ada")]))
    start()
    start(about="incident:8", at=seconds(-60))
    assert said(NOON) == []
    words = "2 escalations should have moved; the longest is late by 2 min."
    [fault] = found(seconds(61))
    assert (fault.kind, fault.words, fault.about) == ("late escalations", words, "")
    assert fault.mend is not None
    woken.clear()
    assert fault.mend() == "The scheduler was woken."
    escalation.run_due(at=seconds(61))
    assert said(seconds(61)) == []


def test_what_fell_due_before_the_auditor_began_is_given_a_minute() -> None:
    path((0, [person("Ada")]))
    start()
    assert said(minutes(30), since=minutes(29.5)) == []
    assert len(said(minutes(30), since=minutes(29))) == 1


def test_a_message_that_waits_and_a_lease_that_ended_are_found_and_webhooks_are_not() -> None:
    queue()
    delivery.claim(at=NOON)
    queue(dedupe_key="notice:2", at=minutes(30))
    webhook = queue(dedupe_key="notice:3")
    assert webhook is not None
    Message.objects.filter(pk=webhook.pk).update(channel="webhook")
    assert said(seconds(120)) == []
    words = "1 message should have moved; the longest is late by 1 min."
    assert said(seconds(121)) == [("late messages", words)]


def test_a_page_that_waits_for_its_list_for_too_long_is_found() -> None:
    path((0, [person("Ada")]))
    start()
    escalation.run_due(at=NOON)
    Message.objects.update(state="held", next_try_at=None)
    assert list(auditing.forgotten_pages(at=minutes(15), since=LONG_AGO)) == []
    [fault] = auditing.forgotten_pages(at=minutes(16), since=LONG_AGO)
    assert fault.words == "1 page for a list should have moved; the longest is late by 16 min."


def test_a_step_that_a_jumped_clock_put_far_ahead_is_found_and_taken_now() -> None:
    path((0, [person("Ada")]), (3, [person("Bo")]), repeat_minutes=15)
    path((1440, [person("Cy")]), severities=[4], repeat_minutes=1440, position=2, name="slow")
    row = start()
    slow = start(about="incident:8", severity=4)
    escalation.run_due(at=NOON)
    assert said(seconds(30)) == []
    Escalation.objects.filter(pk=row.pk).update(next_action_at=minutes(63))
    [fault] = found(seconds(30))
    assert fault.words == (
        "1 escalation would have waited until 2 Mar 13:03 UTC, longer than any path says: "
        "a clock has jumped."
    )
    assert fault.mend is not None
    assert fault.mend() == "Their next steps were set to now."
    escalation.run_due(at=seconds(30))
    escalation.run_due(at=minutes(3))
    assert names_paged() == ["Ada", "Bo"]
    slow.refresh_from_db()
    assert slow.next_action_at == minutes(1440)


@pytest.mark.fault("F21", "the web's clock is five minutes ahead of the scheduler's")
def test_an_incident_that_seems_to_begin_in_five_minutes_is_paged_now() -> None:
    path((0, [person("Ada")]), (3, [person("Bo")]))
    row = start(at=minutes(5))
    escalation.run_due(at=NOON)
    assert names_paged() == []
    [fault] = found(NOON)
    assert fault.mend is not None
    fault.mend()
    row.refresh_from_db()
    assert (row.started_at, row.next_action_at) == (NOON, NOON)
    escalation.run_due(at=NOON)
    escalation.run_due(at=minutes(3))
    assert names_paged() == ["Ada", "Bo"]


def test_repeats_and_last_resorts_are_not_far_ahead() -> None:
    person("Boss", "administrator")
    path((0, []), repeat_minutes=30)
    start()
    for minute in range(0, 91, 30):
        escalation.run_due(at=minutes(minute))
        assert list(auditing.far_steps(at=minutes(minute), since=LONG_AGO)) == []


def test_mail_that_is_refused_is_found_once_it_was_tried_and_is_over_once_it_is_taken(
    sink: SmtpSink,
) -> None:
    queue()
    sink.refuse("451 4.3.0 Try again later", command="MAIL")
    assert said(NOON) == []
    delivery.deliver_due(at=NOON)
    words = (
        "The mail server does not take our mail: 451 4.3.0 Try again later. 1 message waits for it."
    )
    assert said(NOON) == [("mail refused", words)]
    sink.accept()
    assert said(NOON) == []
    delivery.deliver_due(at=seconds(6))
    assert said(seconds(6)) == []


def page(name: str, *, at: datetime = NOON, number: int = 1) -> None:
    """A page to somebody, which is sent at once."""
    queue(to=f"{name}@desk.test", dedupe_key=f"page:{name}:{number}", at=at, is_page=True)
    delivery.deliver_due(at=at)


def test_a_sender_that_is_refused_is_found_at_the_first_mail(sink: SmtpSink) -> None:
    sink.refuse("550 5.7.1 You may not send from there", command="MAIL")
    page("ada")
    words = "The mail server does not take our mail: 550 5.7.1 You may not send from there."
    assert said(NOON) == [("mail refused", f"{words} 1 message waits for it.")]


def test_one_full_mailbox_is_no_fault_of_the_mail_server(sink: SmtpSink) -> None:
    sink.refuse("452 4.2.2 <ada@desk.test> is over quota", to="ada@")
    for number in range(3):
        page("ada", at=seconds(number), number=number)
    assert said(seconds(3)) == []
    page("bo", at=seconds(3))
    sink.refuse("451 4.7.1 Greylisted", to="cy@")
    page("cy", at=seconds(4))
    page("ada", at=seconds(5), number=3)
    assert said(seconds(6)) == []  # of Ada it was known before the server took what went to Bo


@pytest.mark.parametrize("command", ["RCPT", "DATA"])
def test_a_server_that_takes_nobody_s_pages_is_found_at_the_second_and_names_nobody(
    sink: SmtpSink, command: str
) -> None:
    page("bo", at=seconds(-1))
    sink.refuse("451 4.3.0 Try <ada@desk.test> later", command=command)
    page("ada")
    assert said(NOON) == []
    page("cy", at=seconds(1))
    words = (
        "The mail server does not take our mail: it said 451 to 2 recipients and has taken "
        "nothing since. 2 messages wait for it."
    )
    assert said(seconds(1)) == [("mail refused", words)]
    sink.accept()
    page("dan", at=seconds(2))
    assert said(seconds(2)) == []


def test_notices_that_several_recipients_servers_delay_are_not_found(sink: SmtpSink) -> None:
    sink.refuse("451 4.7.1 Greylisted")
    for number in range(2):
        queue(to=f"{number}@partner.test", dedupe_key=f"notice:{number}")
    delivery.deliver_due(at=NOON)
    assert said(NOON) == []


def test_mail_that_was_refused_for_good_is_found_while_the_server_takes_none(
    sink: SmtpSink, settings: Settings
) -> None:
    queue()
    sink.refuse("550 5.1.1 No such user", times=1)
    delivery.deliver_due(at=NOON)
    assert said(NOON) == []  # it is that recipient's
    settings.EMAIL_PORT = free_port()
    [(kind, words)] = said(NOON)
    assert kind == "mail refused"
    assert words.endswith("Connection refused. 0 messages wait for it.")
