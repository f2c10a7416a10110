"""`/readyz`: green only while everything that keeps the promise to page moves, and never slow."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client

from incidentdesk.kernel import aside, clocks, progress
from incidentdesk.kernel.models import Progress
from tests.conftest import as_owner

pytestmark = pytest.mark.django_db(transaction=True)
OK = {
    "database": "ok",
    "clock": "ok",
    "redis": "ok",
    "scheduler": "ok",
    "sender": "ok",
    "auditor": "ok",
}


@pytest.fixture
def all_move() -> None:
    """Every part has just finished a round."""
    for part in progress.LIMITS:
        progress.mark(part, "nothing was due", always=True)


def ready(client: Client) -> tuple[int, dict[str, str]]:
    """The status, and what is not ok."""
    answer = client.get("/readyz")
    assert set(answer.json()) == set(OK)
    return answer.status_code, {k: v for k, v in answer.json().items() if v != "ok"}


def test_a_desk_is_ready_while_all_parts_move(client: Client, all_move: None) -> None:
    assert client.get("/readyz").json() == OK
    assert ready(client) == (200, {})


def test_a_probe_s_answer_says_how_long_it_is_so_that_its_connection_stays(
    client: Client, all_move: None
) -> None:
    for path in ("/healthz", "/readyz"):
        answer = client.get(path)
        assert answer.headers["Content-Length"] == str(len(answer.content))


def test_a_part_that_is_silent_for_too_long_makes_it_red_and_others_do_not(
    client: Client, all_move: None
) -> None:
    Progress.objects.filter(part__in=["intake", "webhooks"]).delete()
    assert ready(client) == (200, {})
    Progress.objects.filter(part="scheduler").update(
        at=clocks.database_now() - timedelta(seconds=61)
    )
    Progress.objects.filter(part="auditor").update(
        at=clocks.database_now() - timedelta(seconds=140)
    )
    words = {"scheduler": "has not finished a round in the last 60 s"}
    assert ready(client) == (503, words)


def test_a_desk_without_an_auditor_is_never_ready(client: Client, all_move: None) -> None:
    Progress.objects.filter(part="auditor").delete()
    assert ready(client) == (503, {"auditor": "has not run yet"})


def test_what_the_auditor_found_makes_it_red_and_is_not_told_to_strangers(
    client: Client, all_move: None
) -> None:
    progress.mark("auditor", "INC-2026-0001 has no page due", is_well=False, always=True)
    assert ready(client) == (503, {"auditor": "has found something wrong, which the desk names"})


def test_a_locked_table_costs_a_bounded_wait(
    client: Client, all_move: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("incidentdesk.health.SECONDS", 0.3)
    unknown = dict.fromkeys(
        ("clock", "scheduler", "sender", "auditor"), "not known without the database"
    )
    with as_owner() as cursor:
        cursor.execute("LOCK TABLE kernel_progress")
        began = time.monotonic()
        assert ready(client) == (503, {"database": "Hangs", **unknown})
        assert ready(client) == (503, {"database": "Hangs", **unknown})
        assert time.monotonic() - began < 3
    monkeypatch.undo()
    assert ready(client) == (200, {})


def test_several_who_ask_at_once_are_all_answered(all_move: None) -> None:
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda: answers.append(Client().get("/readyz").status_code))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 4


def test_without_redis_or_database_it_says_which(
    client: Client, all_move: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*args: Any, **kwargs: Any) -> None:
        raise ConnectionError

    with monkeypatch.context() as patched:
        patched.setattr(cache, "get", away, raising=False)
        assert ready(client) == (503, {"redis": "ConnectionError"})
        patched.setattr("django.db.backends.postgresql.base.Database.connect", away)
        assert ready(client)[1]["database"] == "ConnectionError"


def test_work_aside_says_what_it_answers_raises_and_that_it_hangs() -> None:
    one, gate = aside.Aside(), threading.Event()
    assert one.ask(lambda: 7, seconds=5) == 7
    with pytest.raises(ZeroDivisionError):
        one.ask(lambda: 1 // 0, seconds=5)
    with pytest.raises(aside.Hangs, match=r"no answer within 0.05 s"):
        one.ask(gate.wait, seconds=0.05)
    with pytest.raises(aside.Hangs, match="still busy"):
        one.begin(lambda: 8)
    gate.set()
    assert one.ask(lambda: 9, seconds=5) == 9


def test_a_process_whose_clock_is_not_the_database_s_is_not_ready(
    client: Client, all_move: None
) -> None:
    for off, words in ((29, "ok"), (31, "is not the database's"), (-31, "is not the database's")):
        with time_machine.travel(clocks.now() + timedelta(seconds=off)):
            assert client.get("/readyz").json()["clock"] == words, off
