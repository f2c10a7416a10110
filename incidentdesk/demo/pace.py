"""When things happen in a story: around the target times of its severity, some of them late.

Pure arithmetic over times; it reads the targets once and knows no story.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from cases.models import Target
from incidentdesk.kernel import clocks

# A SEV-4 has no target for these; what people do of themselves.
_UNTIMED = {"first_notice": timedelta(days=1), "contain": timedelta(days=1)}
_UNTIMED |= {"review": timedelta(days=12)}
_LONG = timedelta(hours=6)


@dataclass(frozen=True)
class Plan:
    """The times of one incident, each later than the one before it."""

    occurred: datetime
    detected: datetime
    acknowledged: datetime
    confirmed: datetime
    begun: datetime
    told: datetime
    contained: datetime
    fixed: datetime
    recovered: datetime
    in_review: datetime
    closed: datetime

    def within(self, latest: datetime) -> Plan:
        """The same, faster, so that it closed by `latest`; as it is if it did anyway."""
        if self.closed <= latest:
            return self
        share = (latest - self.detected) / (self.closed - self.detected)
        times = {field.name: getattr(self, field.name) for field in fields(self)}
        for name, moment in times.items():
            if moment > self.detected:
                times[name] = self.detected + (moment - self.detected) * share
        return Plan(**times)


def relative(now: datetime, **minutes: float) -> Plan:
    """A plan from minutes before `now`; negative ones lie in the future and never happen."""
    return Plan(**{name: now - timedelta(minutes=value) for name, value in minutes.items()})


class Pace:
    """How fast people are: usually well within a target, one time in eight too late."""

    def __init__(self) -> None:
        """Reads the target times."""
        self._targets = {(target.severity, target.kind): target for target in Target.objects.all()}

    def plan(self, severity: int, detected: datetime, rng: random.Random) -> Plan:
        """The times of an incident of this severity that was detected at `detected`."""

        def by(kind: str, start: datetime, after: datetime) -> datetime:
            moment = start + self._span(severity, kind, start) * _share(rng)
            return at_work(max(moment, after + timedelta(minutes=rng.uniform(1, 4))), start, rng)

        acknowledged = by("acknowledge", detected, detected)
        confirmed = by("evaluate", detected, acknowledged)
        begun = confirmed + timedelta(minutes=rng.uniform(4, 9))
        contained = by("contain", detected, begun + timedelta(minutes=20))
        told = begun + min(
            self._span(severity, "first_notice", confirmed) * rng.uniform(0.2, 0.9),
            (contained - begun) * 0.8,
        )
        recovered = by("recover", detected, contained + timedelta(minutes=50))
        in_review = at_work(recovered + timedelta(minutes=rng.uniform(35, 200)), recovered, rng)
        return Plan(
            occurred=detected - timedelta(minutes=rng.uniform(0.5, 9)),
            detected=detected,
            acknowledged=acknowledged,
            confirmed=confirmed,
            begun=begun,
            told=told,
            contained=contained,
            fixed=contained + (recovered - contained) * rng.uniform(0.5, 0.75),
            recovered=recovered,
            in_review=in_review,
            closed=by("review", recovered, in_review + timedelta(hours=3)),
        )

    def _span(self, severity: int, kind: str, start: datetime) -> timedelta:
        target = self._targets.get((severity, kind))
        if target is None:
            return _UNTIMED[kind]
        return clocks.add(start, target.amount, target.counting) - start


def detected_on(day: datetime, rng: random.Random) -> datetime:
    """A moment on that day: mostly in trading hours of a working day, now and then at night."""
    if day.weekday() >= 5 and rng.random() < 0.8:
        day -= timedelta(days=2)
    hour = rng.choice((0, 2, 3, 5, 20, 22, 23)) if rng.random() < 0.22 else rng.randint(6, 17)
    return day.replace(hour=hour, minute=rng.randrange(60), second=rng.randrange(60), microsecond=0)


def at_work(moment: datetime, start: datetime, rng: random.Random) -> datetime:
    """What takes hours is finished in working hours; what takes minutes, whenever it is."""
    if moment - start < _LONG:
        return moment
    if moment.hour < 7:
        moment = moment.replace(hour=7)
    elif moment.hour >= 18:
        moment = (moment + timedelta(days=1)).replace(hour=7)
    while moment.weekday() >= 5:
        moment += timedelta(days=1)
    return moment + timedelta(minutes=rng.uniform(0, 50))


def _share(rng: random.Random) -> float:
    """Which share of the time allowed is used."""
    return rng.uniform(1.03, 1.5) if rng.random() < 0.12 else rng.uniform(0.15, 0.9)
