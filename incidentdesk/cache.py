"""Django's Redis cache, which does without Redis for as long as Redis is away.

What it keeps (the counters of tries to log in) is then kept by each process for itself: a limit
holds per process, and a login works. `fault` says what is wrong; `/readyz` shows it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from django.core.cache.backends import locmem, redis
from redis import exceptions

logger = logging.getLogger(__name__)

PAUSE = 5.0  # seconds in which a Redis that failed is not asked again: each try may take one, and
# a login asks several times
LOG_EVERY = 60.0  # seconds


@dataclass
class _Link:
    """What this process knows of one Redis."""

    fault: Exception | None = None
    ask_again_at: float = 0.0
    log_again_at: float = 0.0

    def broke(self, error: Exception) -> None:
        """Remember it, and say it once a minute."""
        now = time.monotonic()
        self.fault, self.ask_again_at = error, now + PAUSE
        if now >= self.log_again_at:
            self.log_again_at = now + LOG_EVERY
            logger.warning("Redis does not answer (%s); each process counts for itself", error)


_links: dict[str, _Link] = {}  # by address; a cache object is one thread's only


def _softly(name: str) -> Callable[..., Any]:
    """The operation of that name on Redis, or on the process's own memory."""

    def operation(self: RedisCache, *args: Any, **kwargs: Any) -> Any:
        if time.monotonic() >= self.link.ask_again_at:
            try:
                answer = getattr(redis.RedisCache, name)(self, *args, **kwargs)
            except self.faults as error:
                self.link.broke(error)
            else:
                self.link.fault = None
                return answer
        return getattr(self.own, name)(*args, **kwargs)

    operation.__name__ = name
    return operation


class RedisCache(redis.RedisCache):
    """The shared cache; without Redis, this process's own."""

    faults: ClassVar[tuple[type[Exception], ...]] = (
        exceptions.RedisError,  # one that is full or may not be written to is as good as away
        OSError,
    )

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self.link = _links.setdefault(str(server), _Link())
        self.own = locmem.LocMemCache(str(server), params)

    @property
    def fault(self) -> Exception | None:
        """What is wrong with Redis; nothing, if it answered last time."""
        return self.link.fault

    add = _softly("add")
    get = _softly("get")
    set = _softly("set")
    touch = _softly("touch")
    delete = _softly("delete")
    get_many = _softly("get_many")
    has_key = _softly("has_key")
    incr = _softly("incr")
    set_many = _softly("set_many")
    delete_many = _softly("delete_many")
    clear = _softly("clear")
