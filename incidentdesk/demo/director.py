"""Loads the demo: registers, then every step of every story in the order of time.

All of it is one transaction, and inside `outbox.quiet()`: nobody is paged, nothing is mailed. The
same year is told each time, relative to the present.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from django.db import connection, transaction

from cases import rules
from cases.models import Incident
from incidentdesk.demo import (
    accesses,
    asking,
    figures,
    learning,
    letters,
    series,
    sidelines,
    stories,
)
from incidentdesk.demo import cast as people
from incidentdesk.demo.aftermath import Aftermath
from incidentdesk.demo.agenda import Agenda
from incidentdesk.demo.cast import Cast
from incidentdesk.demo.life import Life
from incidentdesk.demo.pace import Pace, Plan, detected_on, relative
from incidentdesk.demo.story import Story
from incidentdesk.kernel.errors import Conflict
from incidentdesk.kernel.models import User
from notifications import outbox
from partners.models import Partner

OLDEST, NEWEST = 352, 13  # days ago: the first and the last story that is over by now
TWISTS = {
    "FIX session flapping to one venue": "raised",
    "Order acknowledgements slow in the US": "handover",
    "Message bus partition in one zone": "stepped_back",
    "Unknown key on a bastion host": "raised",
    "Cancel requests ignored for four minutes": "handover",
    "Signature check skipped for one route": "reopened",
}
_HOUR, _DAY = 60.0, 1440.0


def require_empty() -> None:
    """Raise Conflict, in words, unless nothing is there that the demo could collide with."""
    if User.objects.filter(email="commander@desk.example").exists():
        raise Conflict("The demo data are loaded already; nothing was changed.")
    if Incident.objects.exists() or Partner.objects.exists():
        raise Conflict(
            "This desk has partners or incidents of its own; the demo data are for an empty one."
        )


def load(*, at: datetime, say: Callable[[int, int], None] = lambda done, total: None) -> None:
    """Load everything, relative to `at`; `say` is told how many incidents have begun."""
    now = at.replace(microsecond=0)
    with transaction.atomic(), _without_savepoints(), outbox.quiet():
        require_empty()
        cast = people.assemble(at=now - timedelta(days=OLDEST + 10))
        accesses.load(cast.sources["access"], now=now)
        learning.register_controls(cast, now=now)
        agenda = Agenda()
        starts = _plan_all(agenda, cast, now)
        for number, start in enumerate(sorted(starts), 1):
            agenda.add(start, _Saying(say, number, len(starts)))
        agenda.run(until=now)
        # Its people work on in the past only: what they left lying pages nobody.
        Incident.objects.filter(silent_at__isnull=False).update(silent_at=None)


@contextmanager
def _without_savepoints() -> Iterator[None]:
    """Use cases inside make none: whatever fails ends the whole load, and 3,000 cost seconds."""
    connection.features.uses_savepoints = False
    try:
        yield
    finally:
        connection.features.uses_savepoints = True


class _Saying:
    """A step that changes nothing: it tells how far the year is."""

    def __init__(self, say: Callable[[int, int], None], number: int, total: int) -> None:
        self.say, self.number, self.total = say, number, total

    def __call__(self, at: datetime) -> None:
        self.say(self.number, self.total)


def _plan_all(agenda: Agenda, cast: Cast, now: datetime) -> list[datetime]:
    """Plan every story; answers when each incident begins."""
    rng = random.Random(6)  # noqa: S311 -- the same year each time is the point
    lives = _closed(agenda, cast, now, rng) + _open(agenda, cast, now)
    starts = [life.plan.detected for life in lives]
    by_title = {life.story.title: life for life in lives}
    for number, noise in enumerate(stories.NOISE):
        alarm = sidelines.FalseAlarm(noise, cast, rng)
        days_ago = 340 - number * 36 + rng.uniform(0, 20)
        start = detected_on(now - timedelta(days=days_ago), rng)
        if noise.duplicate_of:
            alarm.of = by_title[noise.duplicate_of]
            start = alarm.of.plan.detected + timedelta(minutes=6)
        alarm.plan(agenda, start)
        starts.append(start)
    sidelines.plan_fresh(agenda, cast, now=now)
    sidelines.plan_reports(agenda, cast, now=now)
    letters.plan(agenda, now=now)
    figures.plan_digests(agenda, now=now)
    asking.plan_procedures(agenda, cast, now=now)
    sidelines.plan_refused(agenda, cast, now=now)
    learning.plan(agenda, cast, now=now)
    wrong = series.plan(agenda, cast, now=now)
    return [*starts, now - timedelta(minutes=18), wrong]


def _closed(agenda: Agenda, cast: Cast, now: datetime, rng: random.Random) -> list[Life]:
    """Those that are over, spread over the year in an order of their own."""
    pace, in_force = Pace(), rules.in_force()
    told = list(stories.CLOSED)
    rng.shuffle(told)
    overdue = iter([(now - timedelta(days=9)).date(), (now - timedelta(days=3)).date()])
    lives = []
    for number, story in enumerate(told):
        story = replace(story, twist=TWISTS.get(story.title, ""))
        own = random.Random(f"6 {story.title}")  # noqa: S311
        days_ago = OLDEST - number * (OLDEST - NEWEST) / (len(told) - 1)
        grade = in_force.grade(*story.axes, story.floors).severity
        days_ago = max(NEWEST, days_ago + own.uniform(-6, 6))
        start = detected_on(now - timedelta(days=days_ago), own)
        plan = pace.plan(grade, start, own).within(now - timedelta(days=1))
        life = Life(story, plan, cast, agenda, rng=own)
        life.live()
        due = next(overdue, None) if 30 < (now - plan.closed).days < 80 else None
        after = Aftermath(life, now=now, overdue_on=due)
        after.plan()
        asking.plan_past(life)
        if story.twist == "reopened":
            reopened = plan.closed + timedelta(days=3)
            reason = "The partner's test still gets through on one node."
            after.reopen(reopened, reason, again=reopened + timedelta(days=2))
        lives.append(life)
    return lives


def _open(agenda: Agenda, cast: Cast, now: datetime) -> list[Life]:
    """Those that are open, relative to the present: what lies ahead does not happen."""
    play = partial(_one_open, cast, agenda)
    lives = [
        play(stories.outage.STALE_PRICES, _stale(now), "commander", reads="H", repeats=19),
        play(stories.integrity.SETTLEMENT_MISMATCH, _mismatch(now), "commander3", reads="N"),
        play(stories.trading.REJECT_RATIO, _rejects(now), "commander", reads="H"),
        play(stories.outage.LATE_DROP_COPY, _drop_copy(now), "commander2", reads="N"),
        play(stories.outage.EXPIRED_CERTIFICATE, _expired(now), "commander2", reads="HT"),
    ]
    sidelines.plan_attached(agenda, lives[0], "NORRBANK")
    asking.plan_open(lives, now=now)
    for life in lives:
        after = Aftermath(life, now=now)
        after.plan()
        if life.story is stories.outage.EXPIRED_CERTIFICATE:
            reason = "Node 2 served the old certificate again after its restart."
            reopened = now - timedelta(days=2, hours=3)
            after.reopen(reopened, reason, again=now + timedelta(days=2))
    return lives


def _one_open(
    cast: Cast,
    agenda: Agenda,
    story: Story,
    plan: Plan,
    commander: str,
    *,
    reads: str,
    repeats: int = 3,
) -> Life:
    own = random.Random(f"6 {story.title}")  # noqa: S311
    life = Life(story, plan, cast, agenda, rng=own, reads=reads, repeats=repeats)
    life.commander = cast.actors[commander]
    life.live()
    return life


# Minutes before the present; negative ones lie ahead.


def _stale(now: datetime) -> Plan:
    """In Containment for 35 minutes; the third partner's notice waits for its approval."""
    begun = {"occurred": 49, "detected": 46, "acknowledged": 42, "confirmed": 37, "begun": 35}
    ahead = {"told": 20, "contained": -45, "fixed": -90, "recovered": -150}
    return relative(now, **begun, **ahead, in_review=-240, closed=-5 * _DAY)


def _mismatch(now: datetime) -> Plan:
    """In Mitigation; contained after an hour and a half."""
    begun = {"occurred": 215, "detected": 190, "acknowledged": 183, "confirmed": 172, "begun": 165}
    ahead = {"told": 140, "contained": 95, "fixed": -60, "recovered": -180}
    return relative(now, **begun, **ahead, in_review=-300, closed=-5 * _DAY)


def _rejects(now: datetime) -> Plan:
    """In Recovery, since yesterday."""
    began = {"occurred": 1600, "detected": 1560, "acknowledged": 1540, "confirmed": 1500}
    done = {"begun": 1490, "told": 1400, "contained": 1200, "fixed": 320}
    return relative(now, **began, **done, recovered=-160, in_review=-300, closed=-4 * _DAY)


def _drop_copy(now: datetime) -> Plan:
    """In Review with half of it written."""
    hours = {"occurred": 98, "detected": 97.8, "acknowledged": 97.4, "confirmed": 96.9}
    hours |= {"begun": 96.7, "told": 95, "contained": 92, "fixed": 82, "recovered": 76}
    hours |= {"in_review": 74, "closed": -60}
    return relative(now, **{name: value * _HOUR for name, value in hours.items()})


def _expired(now: datetime) -> Plan:
    """Closed weeks ago, and reopened."""
    hours = {"occurred": 600, "detected": 599, "acknowledged": 598.9, "confirmed": 598.7}
    hours |= {"begun": 598.6, "told": 598.2, "contained": 597.6, "fixed": 596.5}
    hours |= {"recovered": 595.5, "in_review": 594.5, "closed": 500}
    return relative(now, **{name: value * _HOUR for name, value in hours.items()})
