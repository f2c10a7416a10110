"""What the parts say of themselves, by the database's clock."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from incidentdesk.kernel import clocks, progress
from incidentdesk.kernel.models import Progress

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_was_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process has written nothing yet."""
    monkeypatch.setattr(progress, "_not_before", {})


def test_a_part_writes_when_it_moved_and_what_it_says_and_not_too_often() -> None:
    progress.mark("sender", "x" * 400)
    with CaptureQueriesContext(connection) as seen:
        progress.mark("sender", "too soon")
    assert len(seen) == 0
    assert Progress.objects.get().said == "x" * 300
    progress.mark("sender", "all the same", is_well=False, always=True)
    row = progress.read()["sender"]
    assert (row.said, row.is_well, Progress.objects.count()) == ("all the same", False, 1)
    assert clocks.database_now() - row.at < timedelta(seconds=10)


def test_silence_is_counted_from_the_last_round_or_from_when_somebody_listens() -> None:
    progress.mark("scheduler", always=True)
    at = progress.read()["scheduler"].at
    parts = ["scheduler", "sender"]
    minute, second = timedelta(seconds=60), timedelta(seconds=1)
    assert progress.silent(parts, at=at) == ["sender"]
    assert progress.silent(parts, at=at + minute, since=at) == []
    assert progress.silent(parts, at=at + minute + second, since=at) == parts
    assert progress.silent(parts, at=at + minute + second, since=at + second) == []
    assert progress.silent(["scheduler"], at=at + 2 * second, limit=second) == ["scheduler"]


@pytest.mark.fault("F21", "the clock of a process is a day ahead; the database's is asked")
def test_no_process_s_own_clock_is_asked() -> None:
    before = clocks.database_now()
    with time_machine.travel(clocks.now() + timedelta(days=1), tick=False):
        assert clocks.database_now() - before < timedelta(minutes=1)
        progress.mark("sender", always=True)
    assert progress.read()["sender"].at - before < timedelta(minutes=1)
