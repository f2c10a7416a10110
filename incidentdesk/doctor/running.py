"""What has to run beside the web: Redis, the worker of each queue, beat, the auditor."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import redis as client
from django.conf import settings

from incidentdesk.doctor.told import Told, warning, well, wrong
from incidentdesk.embedded import parts
from incidentdesk.kernel import clocks, progress, standing, worker
from incidentdesk.kernel.models import Finding

SECONDS = 2.0  # for Redis, and for the workers' answers
SEE_REDIS = "See that Redis runs, and that REDIS_URL names it with its password."
START = "Start it: `{}`, or its unit or container."


def redis() -> Iterator[Told]:
    """It answers itself, and keeps what it is given."""
    url = str(settings.CACHES["default"]["LOCATION"])
    try:
        with client.Redis.from_url(
            url, socket_timeout=SECONDS, socket_connect_timeout=SECONDS
        ) as asked:
            info: Any = asked.info()
    except (client.RedisError, OSError) as error:
        yield wrong(
            standing.REDIS.format(type(error).__name__),
            SEE_REDIS,
        )
        return
    yield well(f"Redis {info['redis_version']} answers.")
    if info.get("maxmemory") and info.get("maxmemory_policy") != "noeviction":
        do = "Set maxmemory-policy to noeviction: what counts wrong logins must not be forgotten."
        yield warning(f"Redis throws away what it holds ({info['maxmemory_policy']}).", do)


def of_queue(name: str) -> Callable[[], Iterator[Told]]:
    """Whether any worker takes what is queued for the part of that name."""

    def look() -> Iterator[Told]:
        queue = parts.QUEUES[name]
        try:
            taken = _takers(queue)
        except Exception as error:  # noqa: BLE001 -- any fault of the broker is what is told
            yield wrong(f"Redis passes no question on ({type(error).__name__}).", SEE_REDIS)
            return
        if taken:
            yield well(f"The queue {queue} is taken by {', '.join(taken)}.")
            return
        command = " ".join(parts.worker_command(name))
        yield wrong(f"No worker takes what is queued for {queue}.", START.format(command))

    return look


def _takers(queue: str) -> list[str]:
    """The workers of the queue. Asked twice: a busy machine's worker may miss the first time."""
    for seconds in (SECONDS, 2 * SECONDS):
        if taken := worker.queues_served(seconds=seconds).get(queue):
            return taken
    return []


def beat() -> Iterator[Told]:
    """What only beat asks for was done lately."""
    yield _moves(progress.BEAT, START.format("python -m celery -A incidentdesk.celery beat"))


def auditor() -> Iterator[Told]:
    """It looks."""
    yield _moves(progress.AUDITOR, START.format("python manage.py audit"))


def _moves(part: str, do: str) -> Told:
    said = progress.read().get(part)
    if said is None:
        return wrong(f"The {part} has not run yet.", do)
    silent = clocks.database_now() - said.at
    if silent > progress.LIMITS[part]:
        return wrong(f"The {part} has finished no round for {silent.total_seconds():.0f} s.", do)
    return well(f"The {part} finished a round {silent.total_seconds():.0f} s ago.")


def findings() -> Iterator[Told]:
    """What the auditor has found wrong is over."""
    rows = Finding.objects.filter(cleared_at=None).count()
    if rows:
        do = f"Read it at {settings.SITE_URL}/admin/kernel/finding/."
        yield wrong(
            f"The auditor finds {rows} things wrong."
            if rows > 1
            else "The auditor finds something wrong.",
            do,
        )
    else:
        yield well("The auditor finds nothing wrong.")


def heartbeat() -> Iterator[Told]:
    """Whether somebody elsewhere notices when all of this is dead."""
    if settings.HEARTBEAT_URL:
        yield well("A service elsewhere is called while all is well.")
    elif settings.IS_LOCAL:
        yield well("Nobody elsewhere waits for this desk.")
    else:
        yield warning(
            "Nobody notices when this whole machine is gone.",
            "Set HEARTBEAT_URL to a check of a service elsewhere: docs/auditor.md.",
        )
