"""Delivery: each message once, pages first, late rather than never, and the log tells it all."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pytest_django.fixtures import Settings

from notifications import delivery, jobs
from notifications.channels import Answer, Outcome
from notifications.models import Message
from tests.notifications.conftest import NOON, in_threads, minutes, queue, seconds
from tests.sinks import SmtpSink, free_port


def message(**facts: object) -> Message:
    """A queued message."""
    made = queue(**facts)
    assert made is not None
    return made


def log_of(row: Message) -> list[tuple[str, str]]:
    """What the log says about a message."""
    return list(row.events.order_by("id").values_list("event", "detail"))


@pytest.mark.django_db
def test_a_due_message_is_sent_and_the_server_s_answer_is_kept(sink: SmtpSink) -> None:
    row = message(to="contact@partner.test")

    assert delivery.deliver_due(at=NOON) is False

    row.refresh_from_db()
    assert (row.state, row.attempts, row.next_try_at) == ("sent", 1, None)
    assert log_of(row) == [("queued", ""), ("sent", "250 2.0.0 OK taken as number 1")]
    letter = sink.messages[0]
    assert letter["Message-ID"] == row.message_id
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["To"] == "contact@partner.test"
    assert [part.get_content_type() for part in letter.iter_parts()] == ["text/plain", "text/html"]


@pytest.mark.django_db
def test_a_message_is_sent_once_however_often_delivery_runs(sink: SmtpSink) -> None:
    message()

    for minute in range(5):
        delivery.deliver_due(at=minutes(minute))

    assert len(sink.messages) == 1


@pytest.mark.django_db
def test_a_message_that_is_not_due_yet_waits(sink: SmtpSink) -> None:
    message(at=minutes(5))

    delivery.deliver_due(at=minutes(4))
    assert sink.messages == []

    delivery.deliver_due(at=minutes(5))
    assert len(sink.messages) == 1


@pytest.mark.django_db
def test_pages_go_before_all_else_and_all_go_over_one_connection(sink: SmtpSink) -> None:
    for number in range(60):
        context = {"reference": f"R-{number}", "title": "Notice", "body": "", "url": "/"}
        message(dedupe_key=f"n{number}", context=context)
    page = {"reference": "R-page", "title": "Page", "why": "", "url": "/"}
    message(dedupe_key="p", kind="page", context=page, is_page=True, at=seconds(1))

    delivery.deliver_due(at=minutes(1))

    assert len(sink.messages) == 61
    assert sink.subjects()[0] == "R-page: Page"
    assert sink.connections == 1


@pytest.mark.django_db(transaction=True)
def test_two_senders_at_once_send_each_message_exactly_once(sink: SmtpSink) -> None:
    for number in range(120):
        message(dedupe_key=f"n{number}", to=f"contact{number}@partner.test")

    in_threads(*[lambda: delivery.deliver_due(at=minutes(1))] * 3)

    assert sorted(sink.recipients) == sorted(f"contact{n}@partner.test" for n in range(120))
    assert set(Message.objects.values_list("state", "attempts")) == {("sent", 1)}


@pytest.mark.django_db
@pytest.mark.fault("F1", "a lease that nobody ends")
def test_a_message_whose_sender_died_is_sent_when_its_lease_runs_out(sink: SmtpSink) -> None:
    row = message()
    delivery.claim(at=NOON)  # and here its sender dies

    delivery.deliver_due(at=seconds(59))
    assert sink.messages == []

    delivery.deliver_due(at=seconds(60))
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("sent", 2)
    assert [event for event, _ in log_of(row)] == ["queued", "repeated", "sent"]
    assert sink.messages[0]["Message-ID"] == row.message_id


@pytest.mark.django_db
def test_a_sender_that_comes_back_late_cannot_undo_what_another_did(sink: SmtpSink) -> None:
    row = message()
    [stale] = delivery.claim(at=NOON)
    delivery.deliver_due(at=minutes(2))

    delivery.mark(stale, Answer(Outcome.LATER, "421 too slow"), at=minutes(3))
    delivery.mark(stale, Answer(Outcome.REFUSED, "550 no"), at=minutes(3))
    delivery.give_back([stale], at=minutes(3))

    row.refresh_from_db()
    assert (row.state, row.last_error) == ("sent", "")


@pytest.mark.django_db
def test_a_late_success_keeps_the_message_from_being_sent_again(sink: SmtpSink) -> None:
    row = message()
    [slow] = delivery.claim(at=NOON)
    [other] = delivery.claim(at=minutes(1))
    delivery.mark(other, Answer(Outcome.LATER, "451 later"), at=minutes(1))

    delivery.mark(slow, Answer(Outcome.ACCEPTED, "250 OK"), at=minutes(2))
    delivery.deliver_due(at=minutes(9))

    row.refresh_from_db()
    assert row.state == "sent"
    assert sink.messages == []


@pytest.mark.django_db
@pytest.mark.fault("F12", "421, eight times")
def test_a_temporary_refusal_is_tried_again_after_5_15_30_60_120_and_300_seconds(
    sink: SmtpSink,
) -> None:
    row = message()
    sink.refuse("421 4.7.0 Try again later")
    moment, waits = NOON, []

    for _ in range(8):
        delivery.deliver_due(at=moment)
        row.refresh_from_db()
        assert row.next_try_at is not None
        waits.append(round((row.next_try_at - moment).total_seconds()))
        delivery.deliver_due(at=row.next_try_at - timedelta(seconds=2))  # too early: nothing
        moment = row.next_try_at

    assert waits == [5, 15, 30, 60, 120, 300, 300, 300]
    assert len(sink.tries) == row.attempts == 8
    assert row.last_error == "421 4.7.0 Try again later"

    sink.accept()
    delivery.deliver_due(at=moment)
    row.refresh_from_db()
    assert (row.state, row.last_error) == ("sent", "")
    assert sink.messages[0]["Message-ID"] == row.message_id


@pytest.mark.django_db
def test_after_24_hours_of_temporary_refusals_the_message_has_failed_and_says_so(
    sink: SmtpSink,
) -> None:
    row = message()
    sink.refuse("451 4.3.0 Disk full", command="DATA")

    delivery.deliver_due(at=NOON + timedelta(hours=23, minutes=59))
    row.refresh_from_db()
    assert row.state == "queued"

    delivery.deliver_due(at=NOON + timedelta(hours=24, minutes=1))
    row.refresh_from_db()
    assert (row.state, row.next_try_at) == ("failed", None)
    assert log_of(row)[-1] == ("failed", "451 4.3.0 Disk full (given up after 24 hours)")


@pytest.mark.django_db
@pytest.mark.parametrize("command", ["RCPT", "DATA"])
@pytest.mark.fault("F13", "550 to RCPT and to DATA")
def test_a_permanent_refusal_fails_at_once_and_the_next_message_goes_out(
    sink: SmtpSink, command: str
) -> None:
    gone = message(dedupe_key="a", to="gone@partner.test")
    here = message(dedupe_key="b", to="here@partner.test")
    sink.refuse("550 5.1.1 No such user", command=command, to="gone")

    delivery.deliver_due(at=NOON)

    gone.refresh_from_db()
    here.refresh_from_db()
    assert (gone.state, gone.attempts) == ("failed", 1)
    assert log_of(gone)[-1] == ("failed", "550 5.1.1 No such user")
    assert here.state == "sent"
    assert sink.connections == 1


@pytest.mark.django_db
def test_a_refusal_of_our_own_sender_address_keeps_every_message(sink: SmtpSink) -> None:
    row = message()
    sink.refuse("550 5.7.1 Sender not allowed", command="MAIL")

    delivery.deliver_due(at=NOON)

    row.refresh_from_db()
    assert (row.state, row.last_error) == ("queued", "550 5.7.1 Sender not allowed")


@pytest.mark.django_db
def test_a_421_in_the_middle_costs_the_messages_behind_it_a_new_connection_only(
    sink: SmtpSink,
) -> None:
    first, second, third = (message(dedupe_key=key, to=f"{key}@partner.test") for key in "abc")
    sink.refuse("421 4.7.0 Closing", to="b@", times=1)

    delivery.deliver_due(at=NOON)

    for row in (first, second, third):
        row.refresh_from_db()
    assert [row.state for row in (first, second, third)] == ["sent", "queued", "sent"]
    assert sink.connections == 2


@pytest.mark.django_db
@pytest.mark.fault("F11", "its port is closed")
def test_without_a_mail_server_every_message_stays_and_goes_out_later(
    sink: SmtpSink, settings: Settings
) -> None:
    row = message()
    settings.EMAIL_PORT = free_port()

    delivery.deliver_due(at=NOON)
    row.refresh_from_db()
    assert row.state == "queued"
    assert "refused" in row.last_error.lower()

    settings.EMAIL_PORT = sink.port
    delivery.deliver_due(at=seconds(6))
    assert len(sink.messages) == 1


@pytest.mark.django_db
@pytest.mark.fault("F14", "no answer to DATA")
def test_a_server_that_hangs_costs_a_bounded_wait_and_the_message_stays(
    sink: SmtpSink, settings: Settings
) -> None:
    row = message()
    sink.delay_seconds = 1.5
    settings.EMAIL_TIMEOUT = 0.3
    watch = delivery.Stopwatch(NOON)

    delivery.deliver_due(at=NOON)

    assert watch.seconds < 1.5
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("queued", 1)


@pytest.mark.django_db
def test_a_server_that_hung_up_between_two_messages_is_no_failed_try(
    sink: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = message(dedupe_key="a"), message(dedupe_key="b")
    sink.hang_up_after_each = True

    delivery.deliver_due(at=NOON)

    assert sink.connections == 2
    for row in (first, second):
        row.refresh_from_db()
        assert [event for event, _ in log_of(row)] == ["queued", "sent"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("to_address", "two\r\nlines@partner.test"),
        ("to_address", ""),
        ("subject", "two\r\nlines"),
        ("channel", "pigeon"),
    ],
)
def test_a_message_with_bad_data_fails_alone(sink: SmtpSink, column: str, value: str) -> None:
    bad, good = message(dedupe_key="a"), message(dedupe_key="b")
    Message.objects.filter(pk=bad.pk).update(**{column: value})

    delivery.deliver_due(at=NOON)

    bad.refresh_from_db()
    good.refresh_from_db()
    assert good.state == "sent"
    assert bad.state == "failed"
    assert bad.last_error


@pytest.mark.django_db
def test_what_a_slow_server_leaves_of_a_batch_goes_back_untried(
    sink: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        message(dedupe_key=f"n{number}")
    monkeypatch.setattr(delivery, "BATCH_SECONDS", 0.2)
    monkeypatch.setattr(delivery, "RUN_SECONDS", 0.2)
    sink.delay_seconds = 0.3

    assert delivery.deliver_due(at=NOON) is True

    assert len(sink.messages) == 1
    left = Message.objects.filter(state="queued")
    assert list(left.values_list("attempts", flat=True)) == [0, 0, 0]


@pytest.mark.django_db(transaction=True)
def test_a_run_that_was_cut_short_wakes_the_next_one(
    sink: SmtpSink, woken: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    message()
    woken.clear()
    monkeypatch.setattr(delivery, "RUN_SECONDS", 0.0)

    jobs.deliver()

    assert woken == ["notifications.jobs.deliver"]
