"""Rows that jobs work off: each by itself, beside other workers, and past what fails."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.db import DatabaseError
from django.db.models.expressions import RawSQL

from incidentdesk.kernel import due, worker
from incidentdesk.kernel.models import Progress
from tests.conftest import NOW
from tests.notifications.conftest import in_threads

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _rows(db: None) -> None:
    """Four rows of which nothing is done."""
    Progress.objects.bulk_create(Progress(part=part, at=NOW, said="") for part in "abcd")


def finish(row: Progress) -> str:
    """The work: what is finished is not due any more."""
    Progress.objects.filter(pk=row.pk).update(said="done")
    return row.part


def waiting() -> Any:
    """The rows that are due."""
    return Progress.objects.filter(said="")


def test_what_fails_is_undone_and_logged_and_holds_up_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def step(row: Progress) -> str:
        part = finish(row)
        if part == "b":
            raise ValueError("out of order")
        return part

    assert due.each(waiting(), step, most=10) == ["a", "c", "d"]
    left = waiting().get()
    assert left.part == "b"
    words = f"part of the desk {left.pk} failed; it is tried again"
    assert caplog.record_tuples == [("incidentdesk.kernel.due", logging.ERROR, words)]
    assert due.each(waiting(), finish, most=10) == ["b"]


def test_where_everything_fails_a_run_ends() -> None:
    tried = []

    def step(row: Progress) -> None:
        tried.append(row.part)
        raise ValueError("out of order")

    assert due.each(waiting(), step, most=2) == []
    assert tried == ["a", "b"]


def test_a_row_is_taken_once_a_run_in_order_and_no_more_than_are_allowed() -> None:
    def read(row: Progress) -> str:
        return row.part

    assert due.each(waiting(), read, most=10, order=["-part"]) == ["d", "c", "b", "a"]
    assert due.each(waiting(), read, most=2) == ["a", "b"]


@pytest.mark.django_db(transaction=True)
def test_without_a_row_the_error_is_the_caller_s() -> None:
    rows = waiting().annotate(broken=RawSQL("1 / 0", [])).filter(broken=1)
    with pytest.raises(DatabaseError, match="division by zero"):
        due.each(rows, finish, most=10)


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_take_each_row_once() -> None:
    Progress.objects.bulk_create(Progress(part=f"e{n:02d}", at=NOW, said="") for n in range(30))
    found = in_threads(*[lambda: due.each(waiting(), finish, most=100)] * 4)
    taken = [part for one in found for part in one]
    assert sorted(taken) == [*"abcd", *(f"e{n:02d}" for n in range(30))]


def test_a_part_of_a_job_that_fails_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
    moments: list[Any] = []

    def broken(*, at: Any) -> None:
        raise ValueError("out of order")

    worker.do(broken, lambda *, at: moments.append(at))
    assert len(moments) == 1
    assert [record.getMessage().partition("broken")[2] for record in caplog.records] == [
        " failed; it is tried again at the next run"
    ]
