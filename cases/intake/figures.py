"""Storing figures: series that are new are made, switched off, and each figure is stored once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from cases.intake.lines import Bad, Stored
from cases.intake.metrics import KEPT, LARGEST, Figure
from cases.models import Series, Source
from incidentdesk.kernel import worker

__all__ = ["KEPT", "LARGEST", "WATCH", "name_of", "prune", "store"]

WATCH = "cases.jobs.watch_series"
MOST_SERIES = 2_000  # a source
A_DELETION = 10_000  # figures
TOO_MANY = "This source has {} series already, which is the most; drop labels that vary."

# In order, so that two requests with the same figures never wait for each other in a ring.
_STORE = """
    INSERT INTO cases_observation (series_id, at, value, tries)
    SELECT * FROM unnest(%s::bigint[], %s::timestamptz[], %s::float8[], %s::float8[])
        AS sent (series_id, at, value, tries)
    ORDER BY series_id, at
    ON CONFLICT (series_id, at) DO NOTHING
"""
_DELETE = """
    DELETE FROM cases_observation WHERE ctid = ANY (
        ARRAY(SELECT ctid FROM cases_observation WHERE at < %s LIMIT %s)
    )
"""


@transaction.atomic
def store(
    source: Source, figures: Sequence[Figure], *, at: datetime, kind: str = Series.Kind.LEVEL
) -> Stored:
    """Store them: at most four statements, however many there are.

    A series that nobody has seen is made and watched by nobody until a person switches it on. Past
    `MOST_SERIES` of a source the figures of new ones are refused, those of known ones are stored.
    `kind` is what a new one is taken for until a person says otherwise; with tries it is a ratio.
    """
    by_series = _told_apart(figures)
    known = _known(source, by_series)
    if missing := [key for key in by_series if key not in known]:
        room = MOST_SERIES - Series.objects.filter(source=source).count()
        _make(source, {key: by_series[key][0] for key in missing[: max(room, 0)]}, kind, at=at)
        known = _known(source, by_series)
    rows = [
        (known[key][0], one) for key, those in by_series.items() if key in known for one in those
    ]
    stored = _insert(rows)
    if any(is_on for _, is_on in known.values()):
        worker.wake(WATCH)
    sentence = TOO_MANY.format(f"{MOST_SERIES:,}")
    over = [one for key, those in by_series.items() if key not in known for one in those]
    refused = [Bad(one.line, sentence, json.dumps({"metric": one.metric})) for one in over]
    return Stored(stored, len(rows) - stored, sorted(refused, key=lambda one: one.line))


def prune(*, at: datetime) -> int:
    """Let go of figures that are older than they are kept, a batch at a time. Answers how many."""
    gone, number = 0, A_DELETION
    while number == A_DELETION:
        with connection.cursor() as cursor:
            cursor.execute(_DELETE, [at - KEPT, A_DELETION])
            number = int(cursor.rowcount)
        gone += number
    return gone


def name_of(metric: str, labels: dict[str, str]) -> str:
    """A series as people read it: `order_latency_ms{gateway="eu-2"}`."""
    inside = ", ".join(f'{name}="{value}"' for name, value in sorted(labels.items()))
    return f"{metric}{{{inside}}}"[:300] if inside else metric


def _told_apart(figures: Iterable[Figure]) -> dict[str, list[Figure]]:
    """The figures by the fingerprint of their series, which is metric and labels."""
    known: dict[tuple[str, tuple[tuple[str, str], ...]], str] = {}
    found: dict[str, list[Figure]] = {}
    for one in figures:
        series = (one.metric, tuple(sorted(one.labels.items())))
        if series not in known:
            known[series] = hashlib.sha256(json.dumps(series).encode()).hexdigest()
        found.setdefault(known[series], []).append(one)
    return found


def _known(source: Source, keys: Iterable[str]) -> dict[str, tuple[int, bool]]:
    rows = Series.objects.filter(source=source, fingerprint__in=list(keys))
    return {key: (pk, is_on) for key, pk, is_on in rows.values_list("fingerprint", "pk", "is_on")}


def _make(source: Source, firsts: dict[str, Figure], kind: str, *, at: datetime) -> None:
    Series.objects.bulk_create(
        [
            Series(
                source=source,
                name=name_of(one.metric, one.labels),
                metric=one.metric,
                labels=one.labels,
                fingerprint=key,
                kind=kind if one.tries is None else Series.Kind.RATIO,
                first_seen_at=at,
            )
            for key, one in sorted(firsts.items())
        ],
        ignore_conflicts=True,
    )


def _insert(rows: Sequence[tuple[int, Figure]]) -> int:
    if not rows:
        return 0
    columns: list[Any] = [
        [pk for pk, _ in rows],
        [one.at for _, one in rows],
        [one.value for _, one in rows],
        [one.tries for _, one in rows],
    ]
    with connection.cursor() as cursor:
        cursor.execute(_STORE, columns)
        return int(cursor.rowcount)
