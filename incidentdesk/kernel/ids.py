"""The number of a row as a browser sends it: anything at all."""

from __future__ import annotations

_DIGITS = 18  # every number of so many digits fits into a key; int() refuses more than thousands


def of(text: object) -> int | None:
    """The id that stands there; None where it is none that a row can have."""
    words = str(text)
    return int(words) if words.isdecimal() and len(words) <= _DIGITS else None
