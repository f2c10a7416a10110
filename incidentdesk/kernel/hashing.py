"""What every chain of hashes here is made of: times, values and texts as one and the same bytes.

Pure, and said again in the recipes of `docs/`, which need nothing of the desk.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime


def stamp(moment: datetime) -> str:
    """A time as hashes cover it: UTC, to the microsecond."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def sha256(text: str) -> str:
    """The hash of a text, in hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def listed(values: list[object]) -> str:
    """Values as one JSON array, spaced and escaped as PostgreSQL does it."""
    return json.dumps(values, ensure_ascii=False)
