"""A round of the auditor twice a minute, and a look every few seconds whether the worker is alive.

Whatever may hang runs aside, so that a frozen database or mail server holds no round up for long.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings

from cases.intake import alerts
from incidentdesk.auditor import checks, heart, telling
from incidentdesk.kernel import clocks, findings, progress, worker
from incidentdesk.kernel.aside import Aside, Hangs
from incidentdesk.kernel.models import Finding
from notifications import bundling, delivery, escalation, failover, turns

ROUND_SECONDS = 30.0  # from one to the next
BEAT_SECONDS = 60.0  # between two calls of HEARTBEAT_URL
LOOK_SECONDS = 5.0  # between two looks at the worker
ANSWER_SECONDS = 30.0  # in which the database has to answer all checks
AWAY_SECONDS = 60.0  # without a database, before somebody is mailed
STANDS_IN = timedelta(seconds=20)  # four sweeps that did not come: the auditor does that work
PAGE_AGAIN_SECONDS = 3600.0
logger = logging.getLogger(__name__)


@dataclass
class Seen:
    """What a round saw: all that is wrong, what of it is to be paged, and who is to be told."""

    wrong: list[str]
    to_page: list[Finding]
    all_move: bool


@dataclass
class Auditor:
    """What one process of the auditor knows between its rounds. `web` is where a web process
    listens, `host:port`, or empty where none is to be asked."""

    web: str = ""
    since: datetime | None = None  # from when on it watches, by the database's clock
    people: list[telling.Administrator] = field(default_factory=list)  # when last read
    away_from: float | None = None  # without a database, by the monotonic clock
    mailed_at: float | None = None  # that it is away
    _round_at: float = 0.0
    _beat_at: float = 0.0
    _look: Aside = field(default_factory=Aside)
    _work: Aside = field(default_factory=Aside)

    def step(self, *, at: datetime) -> Seen | None:
        """One look; a whole round when a minute is over, of which this says what it saw.

        Everything is judged by the database's clock; `at` is for when there is none.
        """
        try:
            if time.monotonic() < self._round_at:
                self._look.ask(self._stand_in, seconds=ANSWER_SECONDS)
                return None
            self._round_at = time.monotonic() + ROUND_SECONDS
            seen = self._look.ask(self.round, seconds=ANSWER_SECONDS)
            self._tell(seen)
        except Exception as error:  # noqa: BLE001 -- without a database all that is left is to say so
            self._without_database(error, at=at)
            return None
        self.away_from = self.mailed_at = None
        return seen

    def round(self) -> Seen:
        """Look at everything, mend it, write it down, and say that the auditor moved."""
        at = clocks.database_now()
        self.since = self.since or at
        self._stand_in()
        self.people = telling.administrators(at=at)
        faults = list(checks.found(web=self.web, at=at, since=self.since))
        findings.keep(checks.mended(faults), at=at)
        said = f"{len(faults)} found wrong" if faults else "all is well"
        progress.mark(progress.AUDITOR, said, is_well=not faults, always=True)
        moving = (progress.INTAKE, progress.SCHEDULER, progress.SENDER)
        return Seen(
            [fault.words for fault in faults],
            findings.to_page(at=at),
            all_move=not progress.silent(moving, at=clocks.database_now()),
        )

    def _tell(self, seen: Seen) -> None:
        """Page what is wrong; or, where nothing is and all parts move, call HEARTBEAT_URL."""
        for words in seen.wrong:
            logger.error("%s", words)
        rows = seen.to_page
        if rows and telling.of_findings(rows, self.people):
            self._look.ask(
                lambda: findings.note_paged(rows, at=clocks.database_now()), seconds=ANSWER_SECONDS
            )
        is_time = time.monotonic() >= self._beat_at
        if settings.HEARTBEAT_URL and is_time and seen.all_move and not seen.wrong:
            self._beat_at = time.monotonic() + BEAT_SECONDS - LOOK_SECONDS
            heart.beat(settings.HEARTBEAT_URL)

    def _stand_in(self) -> None:
        """Begin the work of parts that are silent, beside them: any number may do it at once."""
        at = clocks.database_now()
        self.since = self.since or at
        urgent = (progress.SCHEDULER, progress.SENDER)
        other = (progress.INTAKE, progress.WEBHOOKS)
        late = progress.silent(urgent, at=at, since=self.since, limit=STANDS_IN)
        if late or progress.silent(other, at=at, since=self.since):
            try:
                self._work.begin(_do_the_work)
            except Hangs:
                logger.info("what the auditor does for others is still under way")

    def _without_database(self, error: Exception, *, at: datetime) -> None:
        """Say so, and once it has lasted for a minute mail it, once an hour."""
        now = time.monotonic()
        self._round_at = 0.0  # as soon as it answers
        self.away_from = self.away_from or now
        why = f"{type(error).__name__}: {error}".splitlines()[0][:200]
        logger.critical("the auditor cannot look at the desk: %s", why)
        is_told = self.mailed_at is not None and now < self.mailed_at + PAGE_AGAIN_SECONDS
        if now >= self.away_from + AWAY_SECONDS and not is_told:
            key = f"database {at:%Y%m%d%H}"
            if telling.of_the_database(why, self.people, key=key):
                self.mailed_at = now


def _do_the_work() -> None:
    """What the worker would do now. A list or step that is being taken elsewhere is passed over."""
    worker.do(
        bundling.send_lists,
        escalation.run_due,
        failover.follow_due,
        delivery.deliver_due,
        turns.deliver_due,
        alerts.open_pending,
    )
