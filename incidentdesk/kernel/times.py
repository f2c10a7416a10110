"""How times are shown to one person: the zone, and the language in which they are written.

Who chose what is known by the function that settings.WORKING_FOR names. What is stored is UTC, and
so is what is written into records, mails to the desk, and files for programs.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.dates import format_skeleton
from django.conf import settings
from django.http import HttpRequest
from django.utils.module_loading import import_string

UTC_ZONE = "UTC"
# What each shape shows: the day as CLDR's skeleton has it, and the time of the day.
_SHAPES = {
    "moment": ("yMMMd", " %H:%M"),
    "short": ("MMMd", " %H:%M"),  # of a day whose year is plain
    "day": ("yMMMd", ""),
    "second": ("yMMMd", " %H:%M:%S"),  # as logs have it
    "time": ("", "%H:%M"),
}
_PLAIN = {
    "gb": {"yMMMd": "%-d %b %Y", "MMMd": "%-d %b"},
    "iso": dict.fromkeys(("yMMMd", "MMMd"), "%Y-%m-%d"),
}


@dataclass(frozen=True)
class Times:
    """A zone by its name, and a style: `gb` (4 Mar 2026), `iso` (2026-03-04) or a language."""

    zone: str = UTC_ZONE
    style: str = "gb"

    @property
    def tz(self) -> tzinfo:
        """The zone; UTC where the machine does not know it any more."""
        try:
            return ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError):
            return ZoneInfo(UTC_ZONE)

    @property
    def language(self) -> str:
        """The language of the names of months, where it is not that of the page."""
        return "" if self.style in _PLAIN else self.style

    def words(self, shown: datetime | date, shape: str) -> str:
        """A local moment or day, as `moment`, `short` (no year), `day`, `second` or `time`."""
        day, time = _SHAPES[shape]
        if not day:
            return shown.strftime(time)
        if self.style in _PLAIN:
            return shown.strftime(_PLAIN[self.style][day] + time)
        return format_skeleton(day, shown, locale=self.style) + shown.strftime(time)


def clock(at: datetime) -> str:
    """Which clock a local time was read from: UTC, or UTC+09:00. Names such as IST mean several."""
    return "UTC" if not at.utcoffset() else f"UTC{at.isoformat()[-6:]}"


def working_for(user_id: int, partner_id: int) -> tuple[Any, Times, str]:
    """The partner for which a person works, how times are shown to them meanwhile, and how it
    calls them, or ""."""
    return cast(tuple[Any, Times, str], import_string(settings.WORKING_FOR)(user_id, partner_id))


def context(request: HttpRequest) -> dict[str, Any]:
    """For templates: `{% when at %}`."""
    return {"times": getattr(request, "times", None) or Times()}
