"""Time zones by their names: which there are."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones

known = cache(available_timezones)


def wrong(name: str) -> str:
    """What is wrong with the name of a zone, in a sentence; empty if there is one of that name."""
    if name in known():
        return ""
    return f"There is no time zone {name}; write it like Europe/Berlin or America/New_York."
