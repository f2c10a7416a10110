"""Fields that forms of all parts of the desk share: moments to the minute, and time zones."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone

from incidentdesk.kernel import clocks, wall, zones

MINUTES = "%Y-%m-%dT%H:%M"  # as browsers send it


class MinuteInput(forms.DateTimeInput):
    """A day and a time to the minute, chosen with what the browser has for it."""

    def __init__(self, css: str = "") -> None:
        attrs = {"type": "datetime-local", **({"class": css} if css else {})}
        super().__init__(attrs=attrs, format=MINUTES)


def require_year(moment: datetime) -> None:
    """Refuse a year in which nothing that is told can lie: arithmetic of zones ends beyond."""
    if not clocks.EARLIEST <= moment.year <= clocks.LATEST:
        raise forms.ValidationError(
            f"Give a time in the years {clocks.EARLIEST} to {clocks.LATEST}; check the year."
        )


class MomentField(forms.DateTimeField):
    """A day and a time to the minute, in a year that makes sense."""

    widget = MinuteInput

    def validate(self, value: datetime | None) -> None:
        """Refuse a year that cannot be meant."""
        super().validate(value)
        if value:
            require_year(value)


class ZoneField(forms.CharField):
    """The name of a time zone that there is."""

    def __init__(self, **options: Any) -> None:
        known: dict[str, Any] = {
            "label": "Time zone",
            "max_length": 64,
            "help_text": "Like Europe/Berlin.",
        }
        super().__init__(**(known | options))

    def validate(self, value: str) -> None:
        """Refuse what is no zone."""
        super().validate(value)
        if value and (said := zones.wrong(value)):
            raise forms.ValidationError(said)


def by_clock(typed: datetime, zone: str) -> datetime:
    """The instant at which clocks of `zone` show what was typed, whatever zone the page is in."""
    return wall.instant(timezone.make_naive(typed), ZoneInfo(zone))
