"""Waking the worker: a hint after the commit, whose loss costs nobody a click."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from itertools import pairwise

import pytest
from celery import Celery, current_app  # noqa: TID251 -- the broker that the tests take away
from django.db import transaction

from incidentdesk.kernel import worker
from incidentdesk.kernel.models import AuditEvent
from tests.conftest import NOW

pytestmark = pytest.mark.django_db(transaction=True)
JOB = "notifications.jobs.deliver"


@pytest.fixture
def broker(request) -> Iterator[str]:
    """A broker under this address instead of the real one."""
    usual = current_app._get_current_object()
    port = request.getfixturevalue(request.param)
    with Celery("elsewhere") as app:
        app.config_from_object("django.conf:settings", namespace="CELERY")
        app.conf.broker_url = f"redis://127.0.0.1:{port}/0"
        app.set_current()
        yield request.param
    usual.set_current()


@pytest.fixture
def nobody_listens() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _write_and_wake() -> float:
    began = time.monotonic()
    with transaction.atomic():
        AuditEvent.objects.create(at=NOW, actor="x", action="y", about="z")
        worker.wake(JOB, queue="page")
    return time.monotonic() - began


@pytest.fixture
def sent(monkeypatch) -> list[tuple[str, float]]:
    """What was sent, and when; nothing reaches a broker."""
    found: list[tuple[str, float]] = []

    class Broker:
        def send_task(self, name: str, **options) -> None:
            found.append((name, time.monotonic()))

    monkeypatch.setattr(worker, "current_app", Broker())
    return found


def test_a_storm_is_a_few_nudges_and_the_last_commit_is_covered_by_one_that_follows(sent):
    for _ in range(3):
        began = time.monotonic()
        while time.monotonic() < began + worker.APART * 4:
            committed = time.monotonic()
            _write_and_wake()
        time.sleep(worker.APART * 2)
        assert sent[-1][1] > committed
    assert 3 * 2 <= len(sent) <= 3 * 6
    moments = [at for _, at in sent]
    apart = [later - at for at, later in pairwise(moments)]
    assert min(apart) > worker.APART * 0.9


def test_a_job_does_not_wait_for_another_and_the_first_nudge_not_at_all(sent):
    time.sleep(worker.APART)
    for name in ("a", "b", "a"):
        with transaction.atomic():
            worker.wake(name)
    assert [name for name, _ in sent] == ["a", "b"]
    time.sleep(worker.APART * 2)
    assert [name for name, _ in sent] == ["a", "b", "a"]


def test_nudges_from_many_threads_at_once_lose_none(sent):
    """Each thread's commit is followed by a nudge that began after it."""
    committed: list[float] = []

    def commit() -> None:
        for _ in range(20):
            committed.append(time.monotonic())
            worker._nudge(JOB, "page")
            time.sleep(0.003)

    threads = [threading.Thread(target=commit) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    time.sleep(worker.APART * 2)
    assert sent[-1][1] > max(committed)
    assert len(sent) < len(committed) / 10


@pytest.mark.parametrize("broker", ["nobody_listens"], indirect=True)
@pytest.mark.fault("F6", "a nudge to a dead broker")
def test_a_dead_broker_costs_no_time_and_no_row(broker, caplog, monkeypatch):
    monkeypatch.setattr(worker, "APART", 0)
    worker._not_before.clear()
    assert min(_write_and_wake() for _ in range(2)) < 1
    assert AuditEvent.objects.count() == 2
    said = [r.getMessage() for r in caplog.records if r.name == "incidentdesk.kernel.worker"]
    assert len(said) == 2
    assert all(text.startswith(f"could not wake {JOB} (") for text in said)
    assert all(text.endswith("); the sweep will") for text in said)


def test_nothing_is_woken_by_what_was_rolled_back(django_capture_on_commit_callbacks):
    def fail() -> None:
        with transaction.atomic():
            worker.wake(JOB)
            raise ZeroDivisionError

    with django_capture_on_commit_callbacks() as callbacks, pytest.raises(ZeroDivisionError):
        fail()
    assert callbacks == []


def test_a_job_is_called_by_where_it_stands():
    import cases.jobs
    import incidentdesk.kernel.jobs
    import notifications.jobs
    import reviews.jobs

    names = {name for name in current_app.tasks if ".jobs." in name}
    ours = (incidentdesk.kernel.jobs, cases.jobs, notifications.jobs, reviews.jobs)
    assert names == {
        f"{module.__name__}.{name}"
        for module in ours
        for name, found in vars(module).items()
        if getattr(found, "apply_async", None)
    }
    assert names >= {"cases.jobs.open_pending", "notifications.jobs.sweep"}


def test_everything_that_beat_asks_for_exists(settings):
    asked = {line["task"] for line in settings.CELERY_BEAT_SCHEDULE.values()}
    current_app.loader.import_default_modules()
    assert asked - set(current_app.tasks) == set()
