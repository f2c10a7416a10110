"""What a series would have said of its stored past, before anybody switches it on.

It runs the detector that would run, over figures that are stored, and keeps nothing. 20,000 figures
cost about a second, which is why there are never more: it is asked for by a click.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from cases.anomalies import watches
from cases.anomalies.watches import Row
from cases.detection.alarm import Alarm
from cases.models import Series

LONGEST = timedelta(days=14)
MOST = 20_160  # figures; one a minute for 14 days
FEWEST = 100  # figures before the detector says anything
_SETTINGS = ("kind", "lowest", "highest", "may_stand_still", "may_be_silent", "both_ways")
_HOURS = ("zone", "opens", "closes", "days", "exceptions")


@dataclass(frozen=True)
class Backtest:
    """What would have been said, over which figures, and by which settings (`proof`)."""

    alarms: list[Alarm]
    notes: list[Alarm]
    figures: int
    since: datetime | None
    until: datetime | None
    proof: str

    @property
    def words(self) -> str:
        """“This would have alarmed 3 times in the last 14 days.”"""
        if self.since is None or self.until is None:
            return "Nothing is stored yet, so there is nothing to try it on."
        if self.figures < FEWEST:
            return (
                f"Only {self.figures} figures are stored; the detector says nothing before it "
                f"knows {FEWEST}."
            )
        number = len(self.alarms)
        times = "not once" if not number else "once" if number == 1 else f"{number} times"
        did = "would not have alarmed" if not number else f"would have alarmed {times}"
        return f"This {did} in the last {_length(self.until - self.since)}."


def of(series: Series, *, at: datetime) -> Backtest:
    """Try the series' settings on the newest figures that are stored."""
    rows = newest(series, at=at)
    proof = proof_of(series)
    if not rows:
        return Backtest([], [], 0, None, None, proof)
    answers = watches.answers_of([series.pk]).get(series.pk, [])
    watched = watches.made(series, answers, {})
    course, _ = watches.feed(series, watched, rows, fed=None, until=rows[-1][0])
    return Backtest(
        alarms=[alarm for alarm in course.alarms if alarm.pages],
        notes=[alarm for alarm in course.alarms if not alarm.pages],
        figures=len(rows),
        since=rows[0][0],
        until=rows[-1][0],
        proof=proof,
    )


def newest(series: Series, *, at: datetime) -> list[Row]:
    """The newest figures that are stored, the oldest of them first."""
    found = series.observations.filter(at__gte=at - LONGEST).order_by("-at")
    rows = list(found.values_list("at", "value", "tries")[:MOST])
    rows.reverse()
    return rows


def spacing_of(rows: Sequence[Row]) -> int | None:
    """Seconds between two figures, as a median; None of fewer than two."""
    gaps = [(b[0] - a[0]).total_seconds() for a, b in pairwise(rows)]
    return max(1, round(median(gaps))) if gaps else None


def proof_of(series: Series) -> str:
    """A digest of everything that a back-test depends on but the figures."""
    hours = series.hours
    known = [getattr(series, name) for name in _SETTINGS]
    known += [getattr(hours, name) for name in _HOURS] if hours else []
    known.append(watches.version_of(series))
    return hashlib.sha256(repr(known).encode()).hexdigest()[:16]


def _length(span: timedelta) -> str:
    hours = span.total_seconds() / 3600
    if hours < 2:
        return f"{round(hours * 60)} minutes"
    return f"{round(hours)} hours" if hours < 48 else f"{round(hours / 24)} days"
