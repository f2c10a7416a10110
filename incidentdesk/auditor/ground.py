"""What the auditor looks at beside the rows: Redis, the disk for files, and clocks.

That the database is away needs no check: without it there is no round (`rounds`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from incidentdesk.kernel import clocks, progress, standing
from incidentdesk.kernel.findings import Fault

CLOCK = "The clock differs from the database's by more than {:.0f} s: {}."


def redis(*, at: datetime, since: datetime) -> Iterator[Fault]:
    """It answers; nothing is lost without it, and all is a little later."""
    if words := standing.redis():
        yield Fault("redis away", words)


def disk(*, at: datetime, since: datetime) -> Iterator[Fault]:
    """Evidence and other files can be kept."""
    if words := standing.disk():
        yield Fault("disk full", words)


def wrong_clocks(web_said: datetime | None, *, at: datetime) -> Iterator[Fault]:
    """The clocks of this process, of the parts that moved, and of the web, which said its own at
    `at` (it says whole seconds)."""
    _, off = clocks.beside_database()
    names = set(progress.off_clock(at=at)) - {progress.AUDITOR}  # what it said a round ago
    if off > standing.TOO_FAR:
        names.add(progress.AUDITOR)
    if web_said is not None and clocks.apart(at, web_said, web_said) > standing.TOO_FAR:
        names.add("web")
    if names:
        seconds = standing.TOO_FAR.total_seconds()
        yield Fault("clock", CLOCK.format(seconds, ", ".join(sorted(names))))


CHECKS = (redis, disk)
