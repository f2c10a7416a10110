"""Between rows and the pure detector: a series' settings, its watch, and figures fed to it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from cases.detection import count_watch, counts, detector, feedback, watch
from cases.detection.count_watch import CountSettings, CountWatch
from cases.detection.counts import Minute
from cases.detection.episodes import MINUTES, SLOW, Hold
from cases.detection.feedback import Answer, Effect
from cases.detection.limits import Limits
from cases.detection.replay import Course, replay, replay_minutes
from cases.detection.sessions import ROUND_THE_CLOCK, Session
from cases.detection.watch import Settings, Watch
from cases.models import Anomaly, Series, TradingHours
from incidentdesk.kernel import zones
from incidentdesk.kernel.errors import InvalidInput

Watched = Watch | CountWatch
Row = tuple[datetime, float, float | None]  # at, value, tries
SLOW_FROM = 300  # seconds between two figures from which a second strange one comes too late
MINUTE = timedelta(minutes=1)
GRACE = timedelta(seconds=15)  # after a minute's end, for figures that are on their way
TINY = timedelta(microseconds=1)
MOST_CASES = 10**15  # in a minute; what is more counts as so many, and can still be squared


def session_of(hours: TradingHours | None) -> Session:
    """When the venue trades. InvalidInput, in a sentence, where that cannot be read."""
    if hours is None:
        return ROUND_THE_CLOCK
    if said := zones.wrong(hours.zone):
        raise InvalidInput(said)
    holidays, early = _exceptions(hours.exceptions)
    return Session(
        zone=hours.zone,
        opens=hours.opens,
        closes=hours.closes,
        days=frozenset(hours.days),
        holidays=frozenset(holidays),
        closes_early=early,
    )


def _exceptions(lines: str) -> tuple[list[date], dict[date, time]]:
    """Days on which it is closed, and days on which it closes early."""
    closed: list[date] = []
    early: dict[date, time] = {}
    for line in filter(None, (one.strip() for one in lines.splitlines())):
        day, _, at = line.partition(" ")
        try:
            if at:
                early[date.fromisoformat(day)] = time.fromisoformat(at.strip())
            else:
                closed.append(date.fromisoformat(day))
        except ValueError:
            raise InvalidInput(
                f"“{line}” is no day; write 2026-12-25, or 2026-12-24 12:30."
            ) from None
    return closed, early


def hold_of(series: Series) -> Hold:
    """How many strange figures begin an anomaly."""
    return SLOW if (series.spacing or 0) >= SLOW_FROM else MINUTES


def default_threshold(series: Series) -> float:
    """The threshold before anybody answered, as -log10 p."""
    return count_watch.THRESHOLD if series.is_counted else watch.THRESHOLD


def answers_of(series_ids: Iterable[int]) -> dict[int, list[Answer]]:
    """What people said of the anomalies of each series, in their order. A drift's are not counted:
    no threshold leads to it. One query."""
    found: dict[int, list[Answer]] = {}
    rows = Anomaly.objects.filter(series_id__in=list(series_ids)).exclude(answer="")
    rows = rows.exclude(kind=Anomaly.Kind.DRIFT).order_by("answered_at", "id")
    for pk, answer in rows.values_list("series_id", "answer"):
        found.setdefault(pk, []).append(Answer(answer))
    return found


def effects(series: Series, answers: Sequence[Answer]) -> list[Effect]:
    """What each answer did to the threshold."""
    return feedback.effects(default_threshold(series), answers)


def threshold_of(series: Series, answers: Sequence[Answer]) -> float:
    """Where the answers leave the threshold, as -log10 p."""
    return feedback.threshold(default_threshold(series), answers)


def version_of(series: Series) -> str:
    """The detector of this kind of series; what another remembered cannot be taken over."""
    return counts.VERSION if series.is_counted else detector.VERSION


def made(series: Series, answers: Sequence[Answer], memory: Mapping[str, Any]) -> Watched:
    """The watch of a series that had this memory; a new one if that is empty."""
    threshold = threshold_of(series, answers)
    if series.is_counted:
        counted = CountSettings(
            session=session_of(series.hours),
            threshold=threshold,
            hold=hold_of(series),
            both_ways=series.both_ways,
        )
        return CountWatch.restored(memory, counted) if memory else CountWatch(counted)
    settings = Settings(
        session=session_of(series.hours),
        limits=Limits(series.lowest, series.highest),
        threshold=threshold,
        hold=hold_of(series),
        may_stand_still=series.may_stand_still,
    )
    return Watch.restored(memory, settings) if memory else Watch(settings)


def feed(
    series: Series, watched: Watched, rows: Sequence[Row], *, fed: datetime | None, until: datetime
) -> tuple[Course, datetime | None]:
    """Feeds what came after `fed`, in its order, and up to `until` what did not come. Answers how
    far it came: figures up to then are fed."""
    if isinstance(watched, Watch):
        figures = [(at, value) for at, value, _ in rows]
        asks = not series.may_be_silent
        return replay(watched, figures, until=until, asks=asks), rows[-1][0] if rows else fed
    since = fed + TINY if fed is not None else floor(rows[0][0]) if rows else None
    if since is None:
        return Course(), None
    end = max(floor(until - GRACE), since)
    course = replay_minutes(
        watched, _minutes(series, rows), nothing=_nothing(series), since=since, until=end
    )
    return course, end - TINY


def asks_at(
    series: Series, watched: Watched, fed: datetime | None, *, asked: datetime
) -> datetime | None:
    """When to look at it although nothing came; None while there is nothing to be missed. `asked`
    is when it was looked at last: what was too long then and no alarm is looked at every minute."""
    if isinstance(watched, CountWatch):
        return None if fed is None else fed + TINY + MINUTE + GRACE
    last, allowed = watched.presence.last_at, watched.presence.silent_after()
    if series.may_be_silent or watched.episode.is_open or last is None or allowed is None:
        return None
    return last + allowed if last + allowed >= asked else asked + MINUTE


def p_of(watched: Watched, threshold: float) -> float | None:
    """How rare, in this series, what reaches the threshold is; None while that is not known."""
    if isinstance(watched, CountWatch):
        return math.pow(10.0, -threshold)
    rarity = watched.detector.rarity.get(watched.detector.hours)
    if rarity is None or not (rare := rarity.surprise(threshold)):
        return None
    return math.pow(10.0, -rare)


def floor(at: datetime) -> datetime:
    """The beginning of its minute."""
    return at.replace(second=0, microsecond=0)


def _nothing(series: Series) -> Minute:
    return Minute(0, 0 if series.kind == Series.Kind.RATIO else None)


def _minutes(series: Series, rows: Sequence[Row]) -> dict[datetime, Minute]:
    """What came in each minute, summed and then rounded; what is no count of anything, or of a
    ratio does not say of how many, is left out. The job has the database sum the same."""
    sums: dict[datetime, tuple[float, float]] = {}
    is_ratio = series.kind == Series.Kind.RATIO
    for at, value, tries in rows:
        if value >= 0 and not (is_ratio and tries is None):
            bad, of = sums.get(floor(at), (0.0, 0.0))
            sums[floor(at)] = bad + value, of + (tries or 0.0)
    return {at: _minute(bad, of if is_ratio else None) for at, (bad, of) in sums.items()}


def _minute(bad: float, of: float | None) -> Minute:
    cases = min(round(bad), MOST_CASES)
    return Minute(cases, None if of is None else max(min(round(of), MOST_CASES), cases))
