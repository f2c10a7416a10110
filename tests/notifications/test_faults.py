"""What dies in the middle of sending and stepping: the promises hold, and repeats are counted."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import time_machine
from django.db import OperationalError, connection, transaction

from incidentdesk.kernel import clocks, failpoints
from notifications import delivery, escalation, jobs, ways
from notifications.models import Escalation, Message
from tests.faults import promises
from tests.notifications.conftest import (
    NOON,
    method,
    minutes,
    names_paged,
    path,
    person,
    queue,
    seconds,
    start,
)
from tests.sinks import SmtpSink

pytestmark = pytest.mark.django_db
Arm = Callable[[str, str], None]


@pytest.fixture
def arm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Arm:
    """`arm("delivery.claimed", "raise")`: it happens there, once."""
    monkeypatch.setattr(failpoints, "FOLDER", tmp_path)
    return lambda place, what: (tmp_path / place).write_text(what) and None


@pytest.mark.fault("F1", "the sender fails after its claim")
@pytest.mark.django_db(transaction=True)
def test_a_sender_that_fails_before_it_sends_costs_a_lease(arm: Arm, sink: SmtpSink) -> None:
    queue()
    arm("delivery.claimed", "raise")
    with pytest.raises(failpoints.Reached):
        delivery.deliver_due(at=NOON)
    delivery.deliver_due(at=seconds(59))
    assert sink.messages == []
    delivery.deliver_due(at=seconds(62))
    assert promises.broken(at=seconds(62), sent=sink.messages) == []
    assert Message.objects.values_list("state", "attempts").get() == ("sent", 2)


@pytest.mark.fault("F2", "the sender fails between the server's answer and the mark")
@pytest.mark.django_db(transaction=True)
def test_a_sender_that_fails_after_the_answer_repeats_once_under_one_id(
    arm: Arm, sink: SmtpSink
) -> None:
    queue()
    arm("delivery.handed_over", "raise")
    with pytest.raises(failpoints.Reached):
        delivery.deliver_due(at=NOON)
    for second in (59, 62, 300):
        delivery.deliver_due(at=seconds(second))
    assert promises.broken(at=seconds(300), sent=sink.messages, repeats=1) == []
    assert len(sink.messages) == 2
    assert len({message["Message-ID"] for message in sink.messages}) == 1


@pytest.mark.fault("F35", "the connection is cut between the server's answer and the mark")
@pytest.mark.django_db(transaction=True)
def test_a_cut_from_the_database_while_sending_repeats_once_at_most(
    arm: Arm, sink: SmtpSink
) -> None:
    queue()
    arm("delivery.handed_over", "pause 1")
    cutter = threading.Thread(target=_cut_all_when, args=(sink,))
    cutter.start()
    with pytest.raises(OperationalError):
        delivery.deliver_due(at=NOON)
    cutter.join()
    connection.close()
    for second in (62, 300):
        delivery.deliver_due(at=seconds(second))
    assert promises.broken(at=seconds(300), sent=sink.messages, repeats=1) == []
    assert Message.objects.get().state == "sent"


def _cut_all_when(sink: SmtpSink) -> None:
    """Once a mail has come, the database ends every other connection of the application."""
    parameters = connection.get_connection_params()
    kept = {key: parameters[key] for key in ("dbname", "user", "password", "host", "port")}
    other = psycopg2.connect(**kept)
    sink.wait_for(1)
    time.sleep(0.1)
    with other, other.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = current_user"
            " AND datname = current_database() AND pid <> pg_backend_pid()"
        )
    other.close()


@pytest.mark.fault("F3", "the scheduler fails within a step")
@pytest.mark.django_db(transaction=True)
def test_a_step_that_fails_in_the_middle_is_taken_once_at_the_next_run(arm: Arm) -> None:
    path((0, [person("Ada"), person("Bo")]))
    row = start()
    arm("escalation.stepping", "raise")
    assert escalation.run_due(at=NOON) == 0
    assert (names_paged(), row.events.count()) == ([], 0)
    assert escalation.run_due(at=seconds(5)) == 1
    assert escalation.run_due(at=seconds(6)) == 0
    assert names_paged() == ["Ada", "Bo"]
    assert row.events.count() == 1


@pytest.mark.fault("F12", "451 for ten minutes, while the ladder goes on")
def test_greylisting_delays_no_step_and_what_waited_arrives(sink: SmtpSink) -> None:
    path((0, [person("Ada")]), (3, [person("Bo")]), repeat_minutes=30)
    start()
    sink.refuse("451 4.7.1 Greylisted", to="ada@")
    for minute in range(11):
        escalation.run_due(at=minutes(minute))
        delivery.deliver_due(at=minutes(minute))
    assert sink.recipients == ["bo@desk.test"]
    sink.accept()
    delivery.deliver_due(at=minutes(17))
    assert sink.recipients == ["bo@desk.test", "ada@desk.test"]
    assert promises.broken(at=minutes(17), sent=sink.messages) == []


@pytest.mark.fault("F33", "the name of the mail server is not known")
def test_without_a_name_for_the_mail_server_a_message_waits(sink: SmtpSink, settings: Any) -> None:
    queue()
    settings.EMAIL_HOST = "mail.invalid"
    delivery.deliver_due(at=NOON)
    assert Message.objects.values_list("state", "attempts").get() == ("queued", 1)
    settings.EMAIL_HOST = sink.host
    delivery.deliver_due(at=seconds(6))
    assert promises.broken(at=seconds(6), sent=sink.messages) == []
    assert len(sink.messages) == 1


@pytest.mark.fault("F21", "the worker's clock is an hour or a day ahead or behind")
@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(days=1), -timedelta(hours=1)])
def test_a_worker_whose_clock_jumps_takes_no_step_early_or_twice(
    sink: SmtpSink, jump: timedelta
) -> None:
    path((0, [person("Ada")]), (3, [person("Bo")]))
    row = start(at=clocks.database_now())
    with time_machine.travel(clocks.now() + jump):
        for _ in range(3):
            jobs.sweep()
    assert sink.recipients == ["ada@desk.test"]
    row.refresh_from_db()
    assert row.next_action_at == row.started_at + timedelta(minutes=3)
    Escalation.objects.filter(pk=row.pk).update(next_action_at=clocks.database_now())
    with time_machine.travel(clocks.now() + jump):
        jobs.sweep()
    assert promises.broken(sent=sink.messages) == []
    assert sink.recipients[0] == "ada@desk.test"


@pytest.mark.fault("F21", "the web's clock is five minutes ahead of the database's, or behind")
@pytest.mark.parametrize("skew", [timedelta(minutes=5), -timedelta(minutes=5)])
def test_a_web_process_whose_clock_is_wrong_pages_at_once_and_the_steps_keep_their_distances(
    sink: SmtpSink, skew: timedelta
) -> None:
    path((0, [person("Ada")]), (3, [person("Bo")]))
    before = clocks.database_now()
    with time_machine.travel(clocks.now() + skew):
        row = start(at=clocks.now())
    assert before <= row.started_at <= clocks.database_now()
    jobs.sweep()
    assert sink.recipients == ["ada@desk.test"]
    row.refresh_from_db()
    assert row.next_action_at == row.started_at + timedelta(minutes=3)
    assert promises.broken(sent=sink.messages) == []


@pytest.mark.fault("F21", "the web's clock is five minutes ahead of the database's, or behind")
@pytest.mark.parametrize("skew", [timedelta(minutes=5), -timedelta(minutes=5)])
def test_what_such_a_process_queues_is_sent_at_once_and_its_next_way_comes_when_it_should(
    sink: SmtpSink, skew: timedelta
) -> None:
    method(ada := person("Ada"), channel="email", address="ada@home.test")
    before = clocks.database_now()
    with time_machine.travel(clocks.now() + skew), transaction.atomic():
        facts = {"title": "Stale", "reference": "INC-7", "url": "/x/", "by_name": "Bo", "note": ""}
        escalation.page(about="incident:7", user_ids=[ada.pk], at=clocks.now(), **facts)
    page = Message.objects.get()
    assert before <= page.created_at <= clocks.database_now()
    assert page.next_try_at == page.created_at == page.events.get().at
    assert page.next_way_at == page.created_at + ways.NEXT_AFTER
    jobs.deliver()
    assert sink.recipients == ["ada@home.test"]
