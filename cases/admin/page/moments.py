"""Times and spans as the page writes them. UTC."""

from __future__ import annotations

from datetime import datetime, timedelta

from incidentdesk.kernel import clocks


def short(moment: datetime, now: datetime) -> str:
    """`09:41` today, `12 Nov 09:41` this year, `12 Nov 2025 09:41` before."""
    if moment.date() == now.date():
        return f"{moment:%H:%M}"
    if moment.year == now.year:
        return f"{moment:%-d %b %H:%M}"
    return f"{moment:%-d %b %Y %H:%M}"


def day(moment: datetime, now: datetime) -> str:
    """The day as a heading."""
    if moment.date() == now.date():
        return "Today"
    return f"{moment:%A %-d %B}" if moment.year == now.year else f"{moment:%-d %B %Y}"


def left(span: timedelta) -> str:
    """What is left of a clock: `1:25:12`, from a day on `2 d 3 h`."""
    if span >= timedelta(days=1):
        return clocks.words(span)
    seconds = int(span.total_seconds())
    return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
