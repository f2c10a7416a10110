"""What every process of the desk stands on, as this one finds it now: its clock, Redis, its disk.

Each answers in a sentence, or '' where all is well. Nothing here mends or remembers anything.
"""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.core.cache import cache

TOO_FAR = timedelta(seconds=30)  # between two clocks: codes of a second factor stop working
LAST = 100 * 10**6  # bytes of a disk: a few files later nothing can be kept
REDIS = "Redis does not answer ({}). Pages go on, some seconds later."
DISK = "The disk for files is full: {:.0f} MB are free at {}. Nothing can be attached."


def redis_fault() -> str:
    """What kind of fault Redis has; the cache itself does without it."""
    try:
        cache.get("readyz")
        fault = getattr(cache, "fault", None)
        return type(fault).__name__ if fault else ""
    except Exception as error:  # noqa: BLE001 -- any fault is what is asked for
        return type(error).__name__


def redis() -> str:
    """That Redis is away, and what that means."""
    fault = redis_fault()
    return REDIS.format(fault) if fault else ""


def disk() -> str:
    """That there is no room for files."""
    folder = Path(settings.MEDIA_ROOT)
    there = next(one for one in (folder, *folder.parents) if one.exists())
    free = shutil.disk_usage(there).free
    return DISK.format(free / 10**6, folder) if free < LAST else ""
