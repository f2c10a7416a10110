"""A clock on the wall of a zone, and the instants that it shows. Pure; no nouns.

The rule for the two days a year on which clocks change: a time that is shown twice is the first
time it is shown; a time that is never shown is the moment at which the clock jumps over it. So a
later time on the wall is never an earlier instant, and nothing that is planned by the wall has a
hole or overlaps.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo


def instant(shown: datetime, zone: tzinfo) -> datetime:
    """The instant, UTC, at which a clock in `zone` shows the naive time `shown`."""
    before = _offset(shown.replace(tzinfo=zone, fold=0))
    after = _offset(shown.replace(tzinfo=zone, fold=1))
    found = (shown - before).replace(tzinfo=UTC, fold=0)
    if after <= before:
        return found
    return _jump((shown - after).replace(tzinfo=UTC, fold=0), found, zone)


def local(at: datetime, zone: tzinfo) -> datetime:
    """What a clock in `zone` shows at an instant; naive."""
    return at.astimezone(zone).replace(tzinfo=None, fold=0)


def _jump(early: datetime, late: datetime, zone: tzinfo) -> datetime:
    """The second between two instants, one before and one after it, at which the clock jumps."""
    before = _offset(early.astimezone(zone))
    low, high = int(early.timestamp()), int(late.timestamp())
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(datetime.fromtimestamp(middle, zone)) == before:
            low = middle
        else:
            high = middle
    return datetime.fromtimestamp(high, UTC)


def _offset(at: datetime) -> timedelta:
    return at.utcoffset() or timedelta(0)
