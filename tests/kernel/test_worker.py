"""Waking the worker: a hint after the commit, whose loss costs nobody a click."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

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


@pytest.mark.parametrize("broker", ["nobody_listens"], indirect=True)
def test_a_dead_broker_costs_no_time_and_no_row(broker, caplog):
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
