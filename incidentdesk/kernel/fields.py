"""Fields that forms of all parts of the desk share: moments to the minute, and time zones."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone

from incidentdesk.kernel import wall, zones

MINUTES = "%Y-%m-%dT%H:%M"  # as browsers send it


class MinuteInput(forms.DateTimeInput):
    """A day and a time to the minute, chosen with what the browser has for it."""

    def __init__(self, css: str = "") -> None:
        attrs = {"type": "datetime-local", **({"class": css} if css else {})}
        super().__init__(attrs=attrs, format=MINUTES)


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
