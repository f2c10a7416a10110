"""A month of access events of the demo: people at work, a few mistakes, and two attacks.

They are history: no rule is shown them again, so the demo opens no incident by itself, and a trial
of a rule on the past has something to find.
"""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta

from cases.access import stored, told
from cases.access.stored import Line
from cases.access.told import Told
from cases.models import AccessEvent, Source

DAYS = 30
PEOPLE = {"ops1": "10.20.4.11", "ops2": "10.20.4.12", "deploy": "10.20.7.3", "dba": "10.20.4.30"}
HOSTS = ("bastion-1", "bastion-2")
GUESSED = ("root", "admin", "test", "oracle", "git", "ubuntu", "postgres", "ftp", "guest", "pi")
# days ago, address, how often: an attack by many names, and one on a single account
ATTACKS = ((19, "203.0.113.77", 64), (6, "198.51.100.23", 38))


def load(source: Source, *, now: datetime) -> int:
    """Store them; answers how many."""
    rng = random.Random(11)  # noqa: S311 -- the same month each time is the point
    events = [event for days in range(DAYS, 0, -1) for event in _day(rng, now - _days(days))]
    for days, address, times in ATTACKS:
        events += _attack(rng, address, times, now - _days(days))
    events.sort(key=lambda event: event.at)
    named = [replace(event, id=f"demo:{number}") for number, event in enumerate(events)]
    count = stored.store(source, [Line(event) for event in named], at=now)
    AccessEvent.objects.filter(source=source).update(is_judged=True)
    return count


def _day(rng: random.Random, day: datetime) -> list[Told]:
    """Logins in the morning, a wrong password now and then, and what was done with them."""
    if day.weekday() >= 5 and rng.random() < 0.8:
        return []
    found = []
    for who, address in PEOPLE.items():
        at = day.replace(hour=8) + timedelta(minutes=rng.uniform(0, 120))
        while rng.random() < 0.12:
            found.append(_ssh(rng, who, address, told.FAILURE, at))
            at += timedelta(seconds=rng.uniform(5, 20))
        found.append(_ssh(rng, who, address, told.SUCCESS, at))
        for _ in range(rng.randint(0, 3)):
            at += timedelta(minutes=rng.uniform(5, 100))
            command = rng.choice(("/usr/bin/systemctl", "/usr/bin/apt-get", "/usr/bin/journalctl"))
            more = {"host": rng.choice(HOSTS), "as": "root", "command": command}
            found.append(Told(at, "sudo", told.SUCCESS, who, is_privileged=True, detail=more))
    return found


def _attack(rng: random.Random, address: str, times: int, day: datetime) -> list[Told]:
    at, found = day.replace(hour=3, minute=17), []
    for number in range(times):
        at += timedelta(seconds=rng.uniform(2, 9))
        who = GUESSED[number % len(GUESSED)] if address == ATTACKS[0][1] else "deploy"
        found.append(_ssh(rng, who, address, told.FAILURE, at))
    return found


def _ssh(rng: random.Random, who: str, address: str, outcome: str, at: datetime) -> Told:
    how = "publickey" if outcome == told.SUCCESS else "password"
    detail = {"host": rng.choice(HOSTS), "how": how, "port": str(rng.randint(32768, 60999))}
    return Told(at, "ssh login", outcome, who, address, detail=detail)


def _days(number: int) -> timedelta:
    return timedelta(days=number)
