"""Calendar files: the events of an `.ics` file within a span, repeated ones each time. Pure.

What could cost more than a moment is refused in a sentence before anything is expanded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

import recurring_ical_events
from icalendar import Calendar

from incidentdesk.kernel.errors import InvalidInput
from incidentdesk.kernel.wall import instant

DAY = timedelta(days=1)
MOST_BYTES = 512 * 1024
TOO_LARGE = f"The file is larger than {MOST_BYTES // 1024} KB; export a shorter time."
MOST_EVENTS = 5_000
MOST_REPEATED = 50
MOST_OCCURRENCES = 5_000
OFTEN = {"SECONDLY", "MINUTELY", "HOURLY"}
WITHIN_A_DAY = ("BYHOUR", "BYMINUTE", "BYSECOND")


@dataclass(frozen=True)
class Event:
    """One event: its instants, the days that it covers if it has no times, and whom it names."""

    starts: datetime
    ends: datetime
    days: tuple[date, ...]
    summary: str
    emails: tuple[str, ...]


def read(text: str, zone: tzinfo, first: datetime, last: datetime) -> list[Event]:
    """The events that touch the span, in order. Times without a zone, and days, are of `zone`.

    InvalidInput for what is no calendar, is too large, or repeats more often than daily.
    """
    if len(text.encode()) > MOST_BYTES:
        raise InvalidInput(TOO_LARGE)
    calendar = _calendar(text)
    _require_bounded(calendar)
    try:
        rows = recurring_ical_events.of(calendar, skip_bad_series=True).between(first, last)
    except Exception as error:  # a stranger's rules fail in any way they like
        raise InvalidInput("The events of the file cannot be read; export it anew.") from error
    if len(rows) > MOST_OCCURRENCES:
        raise InvalidInput(f"The file has more than {MOST_OCCURRENCES:,} events in that time.")
    found = [_event(row, zone) for row in rows]
    return sorted(
        (one for one in found if one.starts < one.ends),
        key=lambda one: (one.starts, one.ends, one.summary),
    )


def _calendar(text: str) -> Calendar:
    try:
        found = Calendar.from_ical(text)
    except Exception as error:  # the same
        raise InvalidInput("This is no calendar file; export one that ends in .ics.") from error
    if not isinstance(found, Calendar):
        raise InvalidInput("This is no calendar file; export one that ends in .ics.")
    return found


def _require_bounded(calendar: Calendar) -> None:
    events: list[Any] = calendar.walk("VEVENT")
    if len(events) > MOST_EVENTS:
        raise InvalidInput(f"The file has more than {MOST_EVENTS:,} events; export a shorter time.")
    rules = [(event, rule) for event in events for rule in _rules(event)]
    if len(rules) > MOST_REPEATED:
        raise InvalidInput(f"The file has more than {MOST_REPEATED} events that repeat.")
    for event, rule in rules:
        if OFTEN & {str(one).upper() for one in rule.get("FREQ", [])} or any(
            len(rule.get(key, [])) > 1 for key in WITHIN_A_DAY
        ):
            raise InvalidInput(
                f"“{_text(event, 'SUMMARY')}” repeats more than once a day; that is no shift."
            )
        if event.get("DTSTART") is None or event["DTSTART"].dt.year < 2000:
            raise InvalidInput(f"“{_text(event, 'SUMMARY')}” repeats since before 2000.")


def _rules(event: Any) -> list[Any]:
    found = event.get("RRULE", [])
    return found if isinstance(found, list) else [found]


def _event(row: Any, zone: tzinfo) -> Event:
    start, end = row["DTSTART"].dt, row["DTEND"].dt if "DTEND" in row else None
    if end is None:
        one_day = timedelta(days=0 if isinstance(start, datetime) else 1)
        end = start + (row["DURATION"].dt if "DURATION" in row else one_day)
    return Event(
        _instant(start, zone),
        _instant(end, zone),
        tuple(_days(start, end)),
        _text(row, "SUMMARY"),
        tuple(_emails(row)),
    )


def _instant(at: date, zone: tzinfo) -> datetime:
    if not isinstance(at, datetime):
        return instant(datetime.combine(at, time(0)), zone)
    return instant(at, zone) if at.tzinfo is None else at.astimezone(UTC)


def _days(start: date, end: date) -> Iterator[date]:
    if isinstance(start, datetime):
        yield start.date()
        return
    for number in range(min((end - start).days, 366)):
        yield start + timedelta(days=number)


def _text(row: Any, key: str) -> str:
    return " ".join(str(row.get(key, "")).replace("\0", "").split())[:120]


def _emails(row: Any) -> Iterator[str]:
    found = row.get("ATTENDEE", [])
    for one in found if isinstance(found, list) else [found]:
        yield str(one).lower().removeprefix("mailto:").strip()
