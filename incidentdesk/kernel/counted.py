"""Counting in the shared cache, for limits. A limit never breaks what it limits."""

from __future__ import annotations

from django.core.cache import cache


def count(key: str, number: int = 1, *, seconds: int) -> int:
    """So many more under this key, which is forgotten after so many seconds. Answers how many there
    are by now; 0 if the cache lost it between, as it does when Redis goes or comes back."""
    cache.add(key, 0, seconds)
    try:
        return int(cache.incr(key, number))
    except ValueError:
        return 0
