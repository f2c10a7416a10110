"""F1–F7, F28, F34: processes of a running desk are killed or frozen at the worst moments."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.faults.stage import Stage, ack_link, environment, prepared, ready, within
from tests.hooks import Receiver, receiver
from tests.incidentdesk.test_cache import Server
from tests.journeys import stack
from tests.sinks import SmtpSink, smtp_sink

Figure = Callable[[str, object], None]


@pytest.fixture(scope="module")
def heart() -> Iterator[Receiver]:
    """Who is told once a minute that the desk lives."""
    with receiver() as running:
        yield running


@pytest.fixture(scope="module")
def sink() -> Iterator[SmtpSink]:
    """Where pages arrive."""
    with smtp_sink() as running:
        yield running


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A Redis that nobody revives."""
    server = Server(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def _stage(
    heart: Receiver, sink: SmtpSink, redis: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("processes")
    failpoints, data = folder / "failpoints", folder / "var"
    failpoints.mkdir()
    data.mkdir()
    url = f"smtp://127.0.0.1:{sink.port}"
    with (
        environment(FAILPOINTS=str(failpoints), HEARTBEAT_URL=heart.url),
        stack.running_desk(data, "--no-demo", email_url=url, redis_url=redis.url) as desk,
    ):
        yield prepared(desk, sink, failpoints)


@pytest.fixture
def stage(_stage: Stage) -> Iterator[Stage]:
    """All is well before and after each test."""
    _stage.sink.messages.clear()
    within(120, lambda: ready(_stage.desk)[0] == 200, "a desk that is well")
    yield _stage
    _stage.take_all()


@pytest.mark.fault("F1", "kill -9 of the running sender")
def test_a_sender_killed_before_it_sends(stage: Stage, record_property: Figure) -> None:
    stage.arm("delivery.claimed")
    title = stage.alert()
    took = within(120, lambda: bool(stage.mails(title)), "the page")
    assert stage.went_off("delivery.claimed")
    assert stage.broken() == []
    record_property("figure", f"page after {took:.0f} s, no repeat")


@pytest.mark.fault("F2", "kill -9 of the running sender")
def test_a_sender_killed_after_the_server_took_it(stage: Stage, record_property: Figure) -> None:
    stage.arm("delivery.handed_over")
    title = stage.alert()
    within(120, lambda: len(stage.mails(title, "ada@")) == 2, "the repeat")
    assert len({mail["Message-ID"] for mail in stage.mails(title, "ada@")}) == 1
    assert stage.broken(repeats=1) == []
    record_property("figure", "one repeat, same Message-ID")


@pytest.mark.fault("F3", "kill -9 of the running scheduler")
def test_a_scheduler_killed_in_the_middle_of_a_step(stage: Stage, record_property: Figure) -> None:
    stage.arm("escalation.stepping")
    title = stage.alert()
    took = within(60, lambda: bool(stage.mails(title)), "the page")
    assert stage.went_off("escalation.stepping")
    within(90, lambda: bool(stage.mails(title, "bo@")), "the second step")
    assert (len(stage.mails(title, "ada@")), len(stage.mails(title, "bo@"))) == (1, 1)
    assert stage.broken() == []
    record_property("figure", f"page after {took:.0f} s, each step once")


@pytest.mark.fault("F5", "kill -9 of the web before and after a delivery's commit")
@pytest.mark.parametrize(("place", "rows"), [("intake.before_commit", 0), ("intake.committed", 1)])
def test_a_web_process_killed_during_a_post(stage: Stage, place: str, rows: int) -> None:
    title = f"Killed {place} {os.urandom(4).hex()}"
    stage.arm(place)
    with pytest.raises(OSError):  # noqa: PT011 -- no answer is what is promised, however it fails
        stage.alert(title)
    assert stage.went_off(place)
    count = (
        "from cases.models import Event; "
        f"print(Event.objects.filter(body__contains='{title}').count())"
    )
    assert int(stage.shell(count)) == rows
    within(30, lambda: ready(stage.desk)[0] == 200, "another web process")
    stage.alert(title) if not rows else None
    within(30, lambda: len(stage.mails(title)) == 1, "the page")
    assert stage.broken() == []


@pytest.mark.fault("F6", "Redis is emptied, then stopped for minutes")
def test_pages_go_out_without_redis(stage: Stage, redis: Server, record_property: Figure) -> None:
    import redis as client

    client.Redis.from_url(redis.url).flushall()
    title = stage.alert()
    flushed = within(30, lambda: bool(stage.mails(title)), "the page after a flush")
    redis.stop()
    try:
        time.sleep(5)
        title = stage.alert()
        took = within(40, lambda: bool(stage.mails(title)), "the page without Redis")
        assert ready(stage.desk)[1]["redis"] != "ok"
    finally:
        redis.start()
    assert stage.broken() == []
    record_property("figure", f"page {flushed:.0f} s after a flush, {took:.0f} s without Redis")


@pytest.mark.fault("F28", "SIGSTOP of the pager")
def test_a_frozen_pager_turns_it_red_stops_the_heart_and_pages_go_on(
    stage: Stage, heart: Receiver, record_property: Figure
) -> None:
    within(90, lambda: bool(heart.calls), "a beat")
    stage.send(signal.SIGSTOP, "-Q page")
    try:
        time.sleep(25)
        title = stage.alert()
        took = within(40, lambda: bool(stage.mails(title)), "the page")
        red = within(90, lambda: ready(stage.desk)[0] == 503, "red")
        told = "Incident desk: "
        within(120, lambda: bool(stage.mails(told, "boss@")), "a mail to the administrator")
        beats = len(heart.calls)
        time.sleep(70)
        assert len(heart.calls) == beats
    finally:
        stage.send(signal.SIGCONT, "-Q page")
    within(90, lambda: ready(stage.desk)[0] == 200, "green again")
    within(130, lambda: len(heart.calls) > beats, "another beat")
    assert stage.broken() == []
    record_property("figure", f"page after {took:.0f} s, red after {25 + took + red:.0f} s")


@pytest.mark.fault("F34", "kill -9 of everything but the supervisor, one after the other")
def test_each_part_is_killed_as_the_kernel_does_without_memory(stage: Stage) -> None:
    for words in ("gunicorn", "-Q page", "-Q default", "-Q webhooks", "beat", "manage.py audit"):
        stage.send(signal.SIGKILL, words)
        time.sleep(0.5)
    within(150, lambda: ready(stage.desk)[0] == 200, "a desk that is well")
    title = stage.alert()
    within(90, lambda: bool(stage.mails(title)), "the page")
    assert stage.broken() == []


@pytest.mark.fault("F7", "kill -9 of PostgreSQL while deliveries come in")
def test_the_database_is_killed_while_deliveries_come_in(
    stage: Stage, record_property: Figure
) -> None:
    taken: list[str] = []
    refused: list[str] = []
    over = threading.Event()

    def fire() -> None:
        while not over.is_set():
            title = f"Of many {os.urandom(6).hex()}"
            try:
                taken.append(stage.alert(title))
            except (OSError, AssertionError, ValueError):
                refused.append(title)
                time.sleep(0.1)

    clients = [threading.Thread(target=fire) for _ in range(3)]
    for client in clients:
        client.start()
    time.sleep(2)
    stage.send(signal.SIGKILL, "postgres")
    began, before = time.monotonic(), len(taken)
    within(60, lambda: len(taken) > before + 5, "deliveries taken again")
    back = time.monotonic() - began
    over.set()
    for client in clients:
        client.join()
    listed = (
        "from cases.models import Event; "
        "print(list(Event.objects.filter(body__contains='Of many').values_list('body')))"
    )
    bodies = stage.shell(listed)
    assert [title for title in taken if title not in bodies] == []
    within(150, lambda: stage.broken() == [], "the promises")
    record_property(
        "figure", f"{len(taken)} taken, none lost, {len(refused)} refused, back after {back:.1f} s"
    )


@pytest.mark.fault("F4", "kill -9 of every process after the first page, a start 70 s later")
def test_two_people_are_paged_down_the_ladder_though_everything_is_killed(
    sink: SmtpSink, tmp_path: Path, record_property: Figure
) -> None:
    data = tmp_path / "var"
    data.mkdir()
    sink.messages.clear()
    url = f"smtp://127.0.0.1:{sink.port}"
    with stack.running_desk(data, "--no-demo", email_url=url) as desk:
        stage = prepared(desk, sink, tmp_path)
        title = stage.alert()
        within(30, lambda: bool(stage.mails(title)), "the first page")
        parts = ("postgres", "redis", "gunicorn", "celery", "audit")
        alive = [pid for words in parts for pid in stage.living(words)]
        desk.process.kill()
        for pid in alive:
            with contextlib.suppress(ProcessLookupError):  # it may have gone with the supervisor
                os.kill(pid, signal.SIGKILL)
        desk.process.wait()
    time.sleep(70)
    with stack.running_desk(data, "--no-demo", email_url=url) as desk:
        stage = Stage(desk, sink, tmp_path)
        within(60, lambda: bool(stage.mails(title, "bo@")), "the second step")
        assert [str(one["To"]) for one in stage.mails(title)] == ["ada@desk.test", "bo@desk.test"]
        assert stage.broken() == []
        link = ack_link(stage.mails(title, "bo@")[0])
        path = "/ack/" + link.split("/ack/")[1]  # the port is another one by now
        with contextlib.closing(urllib.request.urlopen(desk.url + path, timeout=10)) as answer:
            assert answer.status == 200  # as a scanner does; it acknowledges nothing
        data_sent = urlencode({}).encode()
        with urllib.request.urlopen(desk.url + path, data=data_sent, timeout=10) as answer:
            assert "The ladder has stopped." in answer.read().decode()
        state = "from notifications.models import Escalation; print(Escalation.objects.get().state)"
        assert stage.shell(state).strip() == "acknowledged"
    record_property("figure", "each person once, in order; acknowledged by mail")
