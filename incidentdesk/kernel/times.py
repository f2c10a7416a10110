"""How times are shown to one person: the zone, and the shape in which they are written.

Who chose what is known by the function that settings.WORKING_FOR names. What is stored is UTC, and
so is what is written into records, mails to the desk, and files for programs.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.http import HttpRequest
from django.utils.module_loading import import_string

UTC_ZONE = "UTC"
_SHAPES = {
    "gb": ("j M Y H:i", "j M H:i", "j M Y", "j M Y H:i:s"),
    "iso": ("Y-m-d H:i", "Y-m-d H:i", "Y-m-d", "Y-m-d H:i:s"),
}


@dataclass(frozen=True)
class Times:
    """A zone by its name, and a shape: `gb` is 4 Mar 2026 09:41, `iso` is 2026-03-04 09:41."""

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
    def moment(self) -> str:
        """A day and a time, as the filter `date` wants it."""
        return _SHAPES[self.style][0]

    @property
    def short(self) -> str:
        """The same of a day whose year is plain."""
        return _SHAPES[self.style][1]

    @property
    def day(self) -> str:
        """A day."""
        return _SHAPES[self.style][2]

    @property
    def second(self) -> str:
        """A day and a time to the second, as logs have it."""
        return _SHAPES[self.style][3]


def clock(at: datetime) -> str:
    """Which clock a local time was read from: UTC, or UTC+09:00. Names such as IST mean several."""
    return "UTC" if not at.utcoffset() else f"UTC{at.isoformat()[-6:]}"


def working_for(user_id: int, partner_id: int) -> tuple[Any, Times]:
    """The partner for which a person works, and how times are shown to them meanwhile."""
    return cast(tuple[Any, Times], import_string(settings.WORKING_FOR)(user_id, partner_id))


def context(request: HttpRequest) -> dict[str, Any]:
    """For templates: `{% when at %}`, and within words `{{ at|date:times.moment }}`."""
    return {"times": getattr(request, "times", None) or Times()}
