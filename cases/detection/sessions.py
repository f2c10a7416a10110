"""When a venue trades, and which stretch of its day a moment belongs to. Pure.

Slots are counted from the opening in the venue's own zone, so that 09:10 after the clocks change is
the same slot as 09:10 before. While the venue is closed, slots go by the hour on its wall.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cached_property
from types import MappingProxyType
from zoneinfo import ZoneInfo

WEEKDAYS = frozenset(range(5))
EVERY_DAY = frozenset(range(7))
MIDNIGHT = time(0)
DAY = 24 * 60


@dataclass(frozen=True)
class Session:
    """A venue's hours. One that opens no earlier than it closes runs through the night."""

    zone: str = "UTC"
    opens: time = MIDNIGHT
    closes: time = MIDNIGHT
    days: frozenset[int] = EVERY_DAY  # Monday is 0; the day on which it opens
    holidays: frozenset[date] = frozenset()
    closes_early: Mapping[date, time] = field(default_factory=lambda: MappingProxyType({}))
    slot_minutes: int = 30

    def slot(self, at: datetime) -> str:
        """The stretch of the venue's day: `open 3` is the fourth after the opening."""
        local = at.astimezone(self._zone)
        minute = local.hour * 60 + local.minute
        since = (minute - self._opens) % DAY
        if self._trades(local.date(), minute, since):
            return f"open {since // self.slot_minutes}"
        return f"closed {minute // self.slot_minutes}"

    def is_open(self, at: datetime) -> bool:
        """Whether it trades at that moment."""
        local = at.astimezone(self._zone)
        minute = local.hour * 60 + local.minute
        return self._trades(local.date(), minute, (minute - self._opens) % DAY)

    def _trades(self, day: date, minute: int, since: int) -> bool:
        if minute < self._opens:  # then it can only have opened the day before
            day -= timedelta(days=1)
        if day.weekday() not in self.days or day in self.holidays:
            return False
        closes = self.closes_early.get(day, self.closes)
        return since < ((closes.hour * 60 + closes.minute - self._opens) % DAY or DAY)

    @cached_property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @cached_property
    def _opens(self) -> int:
        return self.opens.hour * 60 + self.opens.minute


ROUND_THE_CLOCK = Session()
