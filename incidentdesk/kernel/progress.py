"""What the parts of the desk say of themselves: when each last finished a round of its work.

The parts write it, by the database's clock and at most every few seconds; `/readyz` and the auditor
read it. How long a part may be silent stands here and nowhere else.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import connection

from incidentdesk.kernel import clocks, standing
from incidentdesk.kernel.models import Progress

INTAKE, SCHEDULER, SENDER = "intake", "scheduler", "sender"
WEBHOOKS, AUDITOR = "webhooks", "auditor"
BEAT = "beat"
LIMITS = {
    INTAKE: timedelta(minutes=5),  # every 15 s, behind whatever else its worker does
    SCHEDULER: timedelta(seconds=60),  # every 5 s, behind ten seconds of sending
    SENDER: timedelta(seconds=60),
    WEBHOOKS: timedelta(minutes=2),
    AUDITOR: timedelta(seconds=150),  # twice a minute, and it waits for what hangs
    BEAT: timedelta(seconds=90),  # every 15 s, by the worker that pages
}
RECENT = timedelta(minutes=5)  # what a part said longer ago is no news
APART = 3.0  # seconds between two writes of one part by one process

_MARK = """
    INSERT INTO kernel_progress (part, at, said, is_well)
    VALUES (%s, clock_timestamp(), %s, %s)
    ON CONFLICT (part) DO UPDATE
    SET at = clock_timestamp(), said = excluded.said, is_well = excluded.is_well
    RETURNING at
"""
_CLOCK = "The clock of its machine is not the database's."
_not_before: dict[str, float] = {}  # part → when this process may write it again


def mark(part: str, said: str = "", *, is_well: bool = True, always: bool = False) -> None:
    """`part` has just finished a round. Written at most every `APART` seconds, unless `always`.

    A process whose clock is wrong says that, and nothing else.
    """
    moment = time.monotonic()
    if not always and moment < _not_before.get(part, 0.0):
        return
    with connection.cursor() as cursor:

        def marked() -> datetime:
            cursor.execute(_MARK, [part, said[:300], is_well])
            moment: datetime = cursor.fetchone()[0]
            return moment

        _, off = clocks.beside_database(marked)
        if off > standing.TOO_FAR:
            cursor.execute(_MARK, [part, _CLOCK, False])
    _not_before[part] = moment + APART


def read() -> dict[str, Progress]:
    """What each part last said; one that never ran is not there."""
    return {row.part: row for row in Progress.objects.all()}


def off_clock(*, at: datetime) -> list[str]:
    """Those whose machine's clock was not the database's when they moved last."""
    rows = read().items()
    return sorted(part for part, row in rows if row.said == _CLOCK and row.at > at - RECENT)


def silent(
    parts: Collection[str],
    *,
    at: datetime,
    since: datetime | None = None,
    limit: timedelta | None = None,
) -> list[str]:
    """Those of `parts` that finished no round within their limit before `at`, or within `limit`.

    With `since`, silence counts from then at the earliest: who has just begun to listen says
    nothing of what was before.
    """
    said = read()
    return [
        part
        for part in parts
        if (last := _last(said.get(part), since)) is None or last < at - (limit or LIMITS[part])
    ]


def _last(row: Progress | None, since: datetime | None) -> datetime | None:
    """From when on it is silent; None if it never said anything and nobody was listening."""
    heard = [moment for moment in (row.at if row else None, since) if moment is not None]
    return max(heard, default=None)
