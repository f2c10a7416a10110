"""The worker's door: how a job is declared, and how it is woken. Nothing else imports Celery.

A wake-up is a hint. What must happen stands in a row; losing the hint costs latency, never work.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from celery import current_app, shared_task
from django.db import transaction

logger = logging.getLogger(__name__)
_queues: dict[str, str] = {}  # job → its queue; kept here since tasks of Celery lose theirs


def job(*, queue: str = "default") -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Declare a worker entry point: a function without arguments that looks for due rows."""

    def declare(function: Callable[[], None]) -> Callable[[], None]:
        name = f"{function.__module__}.{function.__name__}"
        _queues[name] = queue
        declared: Callable[[], None] = shared_task(name=name)(function)
        return declared

    return declare


def wake(name: str, *, queue: str = "") -> None:
    """After the commit, nudge the job called `name`; a broker that is away is no error."""
    queue = queue or _queues.get(name, "default")

    def nudge() -> None:
        try:
            current_app.send_task(name, queue=queue, retry=False, expires=60)
        except Exception as error:  # noqa: BLE001 -- any broker fault: the sweep finds the row
            logger.warning("could not wake %s (%s); the sweep will", name, error)

    transaction.on_commit(nudge, robust=True)
