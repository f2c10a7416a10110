"""The job: feeds what came to the watches of the series that are on, and keeps what they find.

A figure is fed once: whoever feeds a series locks the row of its state, which says how far it came,
and writes it in the same transaction as the anomalies. Nobody is told here; `telling` does that.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, Value
from django.db.models.functions import Coalesce

from cases.anomalies import telling, watches
from cases.anomalies.watches import Row, Watched
from cases.detection.alarm import Alarm, Kind
from cases.detection.feedback import Answer
from cases.detection.replay import Band, Ended
from cases.detection.watch import Watch
from cases.models import Anomaly, Observation, Series, SeriesState

logger = logging.getLogger(__name__)
BATCH = 100  # series in a transaction
MOST = 2_000  # figures, or minutes, of a series in a transaction
ROUNDS = 50  # in a run; what is left then waits for the next
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)

_FIGURES = """
    SELECT state.series_id, o.at, o.value, o.tries
    FROM cases_seriesstate AS state CROSS JOIN LATERAL (
        SELECT at, value, tries FROM cases_observation
        WHERE series_id = state.series_id AND at > coalesce(state.fed_until, '-infinity')
        ORDER BY at LIMIT %s
    ) AS o
    WHERE state.series_id = ANY (%s) ORDER BY state.series_id, o.at
"""
# What is counted goes by the minute, however often it was sent in one; `watches` leaves out and
# sums the same, of figures that no database has summed.
_MINUTES = """
    SELECT state.series_id, o.minute, o.value, o.tries
    FROM cases_seriesstate AS state JOIN cases_series AS series ON series.id = state.series_id
    CROSS JOIN LATERAL (
        SELECT date_trunc('minute', at) AS minute, sum(value) AS value, sum(tries) AS tries
        FROM cases_observation
        WHERE series_id = state.series_id AND at > coalesce(state.fed_until, '-infinity')
            AND value >= 0 AND (series.kind <> 'ratio' OR tries IS NOT NULL)
        GROUP BY 1 ORDER BY 1 LIMIT %s
    ) AS o
    WHERE state.series_id = ANY (%s) ORDER BY state.series_id, o.minute
"""
# By whole keys, which a hash finds: a range for each band would look through all figures for each.
_BANDS = """
    UPDATE cases_observation AS o SET expected = b.expected, low = b.low, high = b.high
    FROM unnest(%(ids)s::bigint[], %(ats)s::timestamptz[], %(expected)s::float8[],
        %(lows)s::float8[], %(highs)s::float8[]) AS b (series_id, at, expected, low, high)
    WHERE o.series_id = b.series_id AND o.at = b.at
"""
_BANDS_OF_MINUTES = (
    _BANDS.replace("o.at = b.at", "date_trunc('minute', o.at) = b.at")
    + """
    AND o.series_id = ANY (%(ids)s) AND o.at >= %(first)s AND o.at < %(last)s + interval '1 minute'
"""
)


@dataclass
class Found:
    """What a batch leads to: anomalies that are new or over, bands of figures, states to write."""

    new: list[Anomaly] = field(default_factory=list)
    over: list[Anomaly] = field(default_factory=list)
    bands: dict[bool, list[tuple[int, Band]]] = field(default_factory=lambda: {True: [], False: []})
    fed: list[SeriesState] = field(default_factory=list)

    def add(self, other: Found) -> None:
        """What one series led to as well."""
        self.new += other.new
        self.over += other.over
        self.fed += other.fed
        for is_counted, bands in other.bands.items():
            self.bands[is_counted] += bands


def watch(*, at: datetime) -> int:
    """Feed everything that came by now, then tell what was found. Answers how many anomalies began.

    Two workers at once share the series: what one of them feeds the other leaves alone.
    """
    began = 0
    for _ in range(ROUNDS):
        after, is_behind = 0, False
        while (last := _one_batch(after, at=at)) is not None:
            after, new, behind = last
            began, is_behind = began + new, is_behind or behind
        if not is_behind:
            break
    telling.tell(at=at)
    return began


@transaction.atomic
def _one_batch(after: int, *, at: datetime) -> tuple[int, int, bool] | None:
    """Feed the next series after this one. Answers the last of them, how many anomalies began, and
    whether figures are left; None if there are no more series. One that cannot be fed stays as it
    was, and those behind it are fed."""
    states = _due(after, at=at)
    if not states:
        return None
    ids = [state.pk for state in states]
    rows, answers = _new_figures(states), watches.answers_of(ids)
    known = Anomaly.objects.filter(series_id__in=ids, ended_at=None).order_by("id")
    unended: dict[int, list[Anomaly]] = {}
    for anomaly in known:
        unended.setdefault(anomaly.series_id, []).append(anomaly)
    found, is_behind = Found(), False
    for state in states:
        its = Found(fed=[state])
        try:
            fed = _Feeding(state, answers.get(state.pk, []), unended.get(state.pk, []), its)
            is_behind |= fed.feed(rows.get(state.pk, []), at=at)
            found.add(its)
        except Exception:
            logger.exception("series %s (%s) could not be fed", state.pk, state.series.name)
    _write(found)
    return ids[-1], len(found.new), is_behind


def _due(after: int, *, at: datetime) -> list[SeriesState]:
    """States of series that are on and to which something came, or from which it should have. What
    is counted is fed by whole minutes, and waits for its time once that is known."""
    came = Observation.objects.filter(
        series_id=OuterRef("series_id"), at__gt=Coalesce(OuterRef("fed_until"), Value(LONG_AGO))
    )
    is_fed_at_once = Q(series__kind=Series.Kind.LEVEL) | Q(asks_at=None)
    rows = SeriesState.objects.select_related("series__hours").filter(
        Q(asks_at__lte=at) | is_fed_at_once & Q(Exists(came)),
        series__is_on=True,
        series_id__gt=after,
    )
    locked = rows.select_for_update(skip_locked=True, of=("self",))
    return list(locked.order_by("series_id")[:BATCH])


def _new_figures(states: Sequence[SeriesState]) -> dict[int, list[Row]]:
    rows = []
    for statement, is_counted in ((_FIGURES, False), (_MINUTES, True)):
        ids = [state.pk for state in states if state.series.is_counted is is_counted]
        if ids:
            with connection.cursor() as cursor:
                cursor.execute(statement, [MOST, ids])
                rows += cursor.fetchall()
    return {pk: [row[1:] for row in those] for pk, those in groupby(rows, key=itemgetter(0))}


class _Feeding:
    """One series in a batch, between its rows and its watch."""

    def __init__(
        self,
        state: SeriesState,
        answers: Sequence[Answer],
        unended: Sequence[Anomaly],
        found: Found,
    ) -> None:
        self.state, self.series, self.found = state, state.series, found
        self.threshold = watches.threshold_of(self.series, answers)
        self.answers = answers
        self.open = next((one for one in unended if not one.is_note), None)
        self.note = next((one for one in unended if one.is_note), None)

    def feed(self, rows: Sequence[Row], *, at: datetime) -> bool:
        """Feed these; answers whether more is left."""
        state, series = self.state, self.series
        version = watches.version_of(series)
        if state.version != version:  # another detector: it learns what is stored, and goes on
            state.version, state.memory, state.learns_until = version, {}, at
            state.fed_until = state.asks_at = None
            return True
        is_behind = len(rows) == MOST
        until = rows[-1][0] if is_behind else at
        watched = watches.made(series, self.answers, state.memory)
        course, state.fed_until = watches.feed(
            series, watched, rows, fed=state.fed_until, until=until
        )
        self.found.bands[series.is_counted] += [(series.pk, band) for band in course.bands]
        for one in course.told:
            self._take(one)
        if state.learns_until is not None and not is_behind:
            self._begin_for_good(watched)
        state.memory = watched.state()
        state.asks_at = watches.asks_at(series, watched, state.fed_until, asked=until)
        return is_behind

    def _take(self, one: Alarm | Ended) -> None:
        if isinstance(one, Ended):
            if self.open is not None:
                self.open.ended_at = max(one.at, self.open.began_at)
                self.found.over.append(self.open)
                self.open = None
        elif self.state.learns_until is None or one.at > self.state.learns_until:
            self._begin(one)

    def _begin(self, alarm: Alarm) -> None:
        if alarm.kind is Kind.DRIFT:
            if self.note is None:
                self.note = self._made(alarm)
        elif self.open is None:
            self.open = self._made(alarm)

    def _begin_for_good(self, watched: Watched) -> None:
        """All that was stored is learned: its levels are those that the person agreed to who
        switched it on. What was wrong already is said now."""
        state, kind = self.state, Kind.COUNT
        if isinstance(watched, Watch):
            watched.drift.agree(watched.detector.baseline)
            kind = watched.kind or Kind.UNUSUAL
        if watched.episode.is_open and self.open is None and state.learns_until is not None:
            words = "it was so when the series was switched on"
            self.open = self._made(Alarm(kind, state.learns_until, words, state.version))
        state.learns_until = None

    def _made(self, alarm: Alarm) -> Anomaly:
        anomaly = Anomaly(
            series=self.series,
            kind=alarm.kind.value,
            began_at=alarm.at,
            words=alarm.words[:200],
            value=alarm.value,
            expected=alarm.expected,
            low=alarm.low,
            high=alarm.high,
            p=alarm.p,
            surprise=alarm.surprise,
            threshold=self.threshold,
            window=alarm.window,
            model=alarm.model,
        )
        self.found.new.append(anomaly)
        return anomaly


def _write(found: Found) -> None:
    """Ends before beginnings: a series has one open anomaly at a time. Few statements a batch."""
    before = [one for one in found.over if one.pk is not None]
    Anomaly.objects.bulk_update(before, ["ended_at"])
    Anomaly.objects.bulk_create(found.new)
    SeriesState.objects.bulk_update(
        found.fed, ["version", "fed_until", "learns_until", "asks_at", "memory"]
    )
    for is_counted, bands in found.bands.items():
        if bands:
            _write_bands(bands, _BANDS_OF_MINUTES if is_counted else _BANDS)


def _write_bands(bands: Sequence[tuple[int, Band]], statement: str) -> None:
    values: dict[str, Any] = {
        "ids": [pk for pk, _ in bands],
        "ats": [band.at for _, band in bands],
        "expected": [band.expected for _, band in bands],
        "lows": [band.low for _, band in bands],
        "highs": [band.high for _, band in bands],
        "first": min(band.at for _, band in bands),
        "last": max(band.at for _, band in bands),
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
