"""What rules are given and what they answer, and how stretches of events are cut. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
APART = timedelta(hours=1)  # single events of one account that are no further apart are one finding


@dataclass(frozen=True)
class Seen:
    """An access event, as rules see it. One of the past may stand for others of its stretch."""

    id: int
    at: datetime
    source_id: int
    actor: str
    action: str
    outcome: str
    address: str | None = None
    network: str = ""
    is_privileged: bool = False
    is_reading: bool = False
    is_key: bool = False
    stands_for: int = 1

    @property
    def account(self) -> str:
        """An account is one of its source: `root` of another host is somebody else."""
        return f"{self.source_id}:{self.actor}"


class Rule(Protocol):
    """The values of a rule; those that its kind does not use are None."""

    kind: str
    times: Any
    minutes: Any
    days: Any
    factor: Any
    starts: Any
    ends: Any
    zone: str


@dataclass(frozen=True)
class Found:
    """What a rule found: whose doing, which events, and a title for people."""

    subject: str
    events: tuple[Seen, ...]
    title: str

    @property
    def at(self) -> datetime:
        """When the last of it happened."""
        return self.events[-1].at

    @property
    def number(self) -> int:
        """How many events those were."""
        return counted(self.events)


def window(rule: Rule) -> timedelta:
    """The rule's minutes."""
    return timedelta(minutes=rule.minutes)


def stretch_of(at: datetime, length: timedelta) -> int:
    """The number of the stretch, since 1970, in which a moment lies."""
    return int((at - _EPOCH) // length)


def counted(events: Sequence[Seen]) -> int:
    """How many events these are, with those for which they stand."""
    return sum(event.stands_for for event in events)


def failures(events: Sequence[Seen]) -> str:
    """How many, and of what."""
    return f"{len(events)} failures of {events[-1].action}"


def of_accounts(events: Sequence[Seen]) -> dict[str, list[Seen]]:
    """By account; events that name none are left out."""
    return grouped([event for event in events if event.actor], lambda event: event.account)


def grouped(events: Sequence[Seen], of: Callable[[Seen], str]) -> dict[str, list[Seen]]:
    """By what `of` answers; those of which it answers nothing are left out."""
    found: dict[str, list[Seen]] = {}
    for event in events:
        if name := of(event):
            found.setdefault(name, []).append(event)
    return found


def bursts(events: Sequence[Seen], n: int, within: timedelta) -> Iterator[tuple[Seen, ...]]:
    """The stretches in which every event is one of `n` `within` a time, as long as they reach."""
    first, end = 0, 0
    for last in range(n - 1, len(events)):
        start = last - n + 1
        if events[last].at - events[start].at > within:
            continue
        if start >= end:  # it does not touch the one before
            if end:
                yield tuple(events[first:end])
            first = start
        end = last + 1
    if end:
        yield tuple(events[first:end])


def runs(events: Sequence[Seen]) -> Iterator[tuple[Seen, ...]]:
    """Single events, those that are close together as one."""
    run: list[Seen] = []
    for event in events:
        if run and event.at - run[-1].at > APART:
            yield tuple(run)
            run = []
        run.append(event)
    if run:
        yield tuple(run)
