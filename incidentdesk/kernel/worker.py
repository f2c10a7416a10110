"""The worker's door: how a job is declared, and how it is woken. Nothing else imports Celery.

A wake-up is a hint. What must happen stands in a row; losing the hint costs latency, never work.
One hint covers every row that was committed before it is sent, so a process sends few in a storm.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable

from celery import current_app, shared_task
from django.db import transaction

from incidentdesk import logs
from incidentdesk.kernel import clocks

logger = logging.getLogger(__name__)
APART = 0.05  # seconds between two nudges of one job by one process
_queues: dict[str, str] = {}  # job → its queue; kept here since tasks of Celery lose theirs


def job(*, queue: str = "default") -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Declare a worker entry point: a function without arguments that looks for due rows."""

    def declare(function: Callable[[], None]) -> Callable[[], None]:
        name = f"{function.__module__}.{function.__name__}"
        _queues[name] = queue
        declared: Callable[[], None] = shared_task(name=name)(function)
        return declared

    return declare


def do(*parts: Callable[..., object]) -> None:
    """The parts of a job, one after the other, each `at` the moment by the database's clock; one
    that fails is logged and stops no other."""
    for part in parts:
        with logs.apart():
            try:
                part(at=clocks.database_now())
            except Exception:
                logger.exception("%s failed; it is tried again at the next run", part.__qualname__)


def wake(name: str, *, queue: str = "") -> None:
    """After the commit, nudge the job called `name`; a broker that is away is no error."""
    queue = queue or _queues.get(name, "default")
    transaction.on_commit(lambda: _nudge(name, queue), robust=True)


def queues_served(*, seconds: float) -> dict[str, list[str]]:
    """Queue → the names of the workers that take from it now; they have so long to answer."""
    served: dict[str, list[str]] = {}
    with current_app.connection_for_write() as connection:
        connection.ensure_connection(max_retries=1, timeout=seconds)
        asked = current_app.control.inspect(timeout=seconds, connection=connection)
        for name, queues in sorted((asked.active_queues() or {}).items()):
            for queue in queues:
                served.setdefault(queue["name"], []).append(name)
    return served


# --- at once, or together with those that follow --------------------------------------------------

_guard = threading.Lock()
_not_before: dict[str, float] = {}  # job → when it may be nudged again
_waiting: set[str] = set()  # jobs that a timer is going to nudge


def _nudge(name: str, queue: str) -> None:
    """Send it now; or, too soon after the last one, let a timer send one for all of these."""
    with _guard:
        if name in _waiting:
            return
        wait = _not_before.get(name, 0.0) - time.monotonic()
        if wait > 0:
            _waiting.add(name)
            threading.Timer(wait, _nudge_late, (name, queue)).start()
            return
        _not_before[name] = time.monotonic() + APART
    _send(name, queue)


def _nudge_late(name: str, queue: str) -> None:
    with _guard:
        _waiting.discard(name)  # who commits from here on gets a nudge of its own
        _not_before[name] = time.monotonic() + APART
    _send(name, queue)


def _send(name: str, queue: str) -> None:
    try:
        current_app.send_task(name, queue=queue, retry=False, expires=60)
    except Exception as error:  # noqa: BLE001 -- any broker fault: the sweep finds the row
        logger.warning("could not wake %s (%s); the sweep will", name, error)


def _after_fork() -> None:
    """The timers stay with the parent."""
    global _guard
    _guard = threading.Lock()
    _waiting.clear()


os.register_at_fork(after_in_child=_after_fork)
