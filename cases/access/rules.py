"""What access events are watched for: one kind of rule a function over events. Pure.

A function is given events in the order in which they happened, with as much of the past as its
kind looks back on, and answers what it found. It keeps no state, so a trial on the past and the
watch on the present are the same call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from cases.access.seen import (
    APART,
    Found,
    Rule,
    Seen,
    bursts,
    counted,
    failures,
    grouped,
    of_accounts,
    runs,
    stretch_of,
    window,
)

READINGS = frozenset({"read", "export", "download"})  # actions that take something out
BOUNDS = {"times": (1, 1_000), "minutes": (1, 1440), "days": (1, 180), "factor": (2, 100)}
SATURDAY = 5


Finds = Callable[[Rule, Sequence[Seen]], Iterator[Found]]


@dataclass(frozen=True)
class Kind:
    """A kind of rule: its words with its values in them, which events it is about, how it looks.

    `where` holds the values that an event of its kind has. `by` says of what past it is given:
    the newest events of an `account` or `address`; the last one before of the same `action` or
    `network` of the account, however long ago; each `stretch` of the account, counted. What kinds
    of one `family` find in the same events is one attack.
    """

    words: str
    uses: tuple[str, ...]
    finds: Finds
    by: tuple[str, ...] = ("account",)
    where: dict[str, Any] = field(default_factory=dict)
    family: str = ""

    def lookback(self, rule: Rule) -> timedelta:
        """How much of the past it has to be given."""
        if rule.days and "days" in self.uses:
            return timedelta(days=rule.days)
        return window(rule) if rule.minutes else APART

    def concerns(self, event: Seen) -> bool:
        """Whether an event can be part of what it finds."""
        return all(getattr(event, name) == value for name, value in self.where.items())


def find(rule: Rule, events: Iterable[Seen]) -> list[Found]:
    """All that the rule finds in these events, in the order in which it ended."""
    kind = KINDS[rule.kind]
    ordered = sorted(filter(kind.concerns, events), key=lambda event: (event.at, event.id))
    return sorted(kind.finds(rule, ordered), key=lambda found: found.at)


def explain(rule: Rule) -> str:
    """The rule in one sentence, with its values."""
    values: dict[str, Any] = {name: getattr(rule, name) for name in KINDS[rule.kind].uses}
    for name in ("starts", "ends"):
        if values.get(name):
            values[name] = f"{values[name]:%H:%M}"
    return KINDS[rule.kind].words.format(**values)


# --- how each kind looks --------------------------------------------------------------------------


def _from_one_address(rule: Rule, events: Sequence[Seen]) -> Iterator[Found]:
    by_address = grouped(events, lambda event: event.address or "")
    for address, own in by_address.items():
        for burst in bursts(own, rule.times, window(rule)):
            yield Found(address, burst, f"{failures(burst)} from {address}")


def _for_one_account(rule: Rule, events: Sequence[Seen]) -> Iterator[Found]:
    for account, own in of_accounts(events).items():
        for burst in bursts(own, rule.times, window(rule)):
            yield Found(account, burst, f"{failures(burst)} for {own[0].actor}")


def _entered_after_failures(rule: Rule, events: Sequence[Seen]) -> Iterator[Found]:
    """A success counts the failures before it, of its account or from its address."""
    by_account: dict[str, list[Seen]] = {}
    by_address: dict[str, list[Seen]] = {}
    told: set[int] = set()
    for event in events:
        account, address = event.account, event.address or ""
        if event.outcome == "failure":
            by_account.setdefault(account, []).append(event)
            if address:
                by_address.setdefault(address, []).append(event)
        elif event.outcome == "success" and event.actor:
            near = [*by_account.pop(account, ()), *by_address.pop(address, ())]
            near = [e for e in near if e.id not in told and event.at - e.at <= window(rule)]
            before = sorted({e.id: e for e in near}.values(), key=lambda e: (e.at, e.id))
            if len(before) >= rule.times:
                title = f"{event.actor} came in after {failures(before).lower()}"
                yield Found(account, (*before, event), title)
                told |= {one.id for one in before}
            else:  # fewer than the rule counts to
                by_account[account] = [one for one in before if one.account == account]
                by_address[address] = [one for one in before if one.address == address]


def _barred(rule: Rule, events: Sequence[Seen]) -> Iterator[Found]:
    for account, own in grouped(events, lambda event: event.account).items():
        for run in runs(own):
            who = run[-1].actor or run[-1].address or "Somebody"
            yield Found(account, run, f"{who} was used although it is disabled or revoked")


def _first_admin_action(rule: Rule, events: Sequence[Seen]) -> Iterator[Found]:
    for account, own in of_accounts(events).items():
        last: dict[str, datetime] = {}
        for event in own:
            before = last.get(event.action)
            if before is None or event.at - before > timedelta(days=rule.days):
                title = f"{event.actor} did “{event.action}”, a first time"
                yield Found(account, (event,), title)
            last[event.action] = event.at


def _more_than_usual(rule: Rule, events: Sequence[Seen]) -> Iterator[Found]:
    """A stretch against the busiest one before it; what was found is not taken for usual."""
    length = window(rule)
    for account, own in of_accounts(events).items():
        stretches = grouped(own, lambda event: str(stretch_of(event.at, length)))
        usual: list[tuple[datetime, int]] = []
        for stretch in stretches.values():
            since = stretch[0].at - timedelta(days=rule.days)
            most = max((n for at, n in usual if at >= since), default=0)
            number = counted(stretch)
            if number >= rule.times and number > rule.factor * most:
                title = f"{own[0].actor} took out {number} items, at most {most} before"
                yield Found(account, tuple(stretch), title)
            else:
                usual.append((stretch[0].at, number))


def _out_of_hours(rule: Rule, events: Sequence[Seen]) -> Iterator[Found]:
    zone = ZoneInfo(rule.zone)
    outside = [e for e in events if _is_outside(e.at.astimezone(zone), rule.starts, rule.ends)]
    for account, own in of_accounts(outside).items():
        for run in runs(own):
            title = f"{own[0].actor} used privileged access out of hours: {run[0].action}"
            yield Found(account, run, title)


def _is_outside(local: datetime, starts: time, ends: time) -> bool:
    return local.weekday() >= SATURDAY or not starts <= local.time() < ends


def _from_a_new_network(rule: Rule, events: Sequence[Seen]) -> Iterator[Found]:
    for account, own in of_accounts(events).items():
        last: dict[str, datetime] = {}
        for event in own:
            since = event.at - timedelta(days=rule.days)
            known = {network for network, at in last.items() if at >= since}
            if event.network and known and event.network not in known:
                yield Found(account, (event,), f"{event.actor} came from {event.network}, new")
            if event.network:
                last[event.network] = event.at


KINDS: dict[str, Kind] = {
    "address": Kind(
        "One address fails {times} times within {minutes} minutes, whatever accounts it tries.",
        ("times", "minutes"),
        _from_one_address,
        by=("address",),
        where={"outcome": "failure"},
        family="failures",
    ),
    "account": Kind(
        "One account of a source fails {times} times within {minutes} minutes, wherever from.",
        ("times", "minutes"),
        _for_one_account,
        where={"outcome": "failure"},
        family="failures",
    ),
    "entered": Kind(
        "An account gets in within {minutes} minutes after {times} failures, of its own or from "
        "its address.",
        ("times", "minutes"),
        _entered_after_failures,
        by=("account", "address"),
    ),
    "barred": Kind(
        "Somebody uses an account that is disabled, or a key that was revoked.",
        (),
        _barred,
        where={"outcome": "barred"},
    ),
    "first": Kind(
        "A person does something that only administrators do, and has not done it in the "
        "{days} days before.",
        ("days",),
        _first_admin_action,
        by=("action",),
        where={"outcome": "success", "is_privileged": True},
    ),
    "volume": Kind(
        "A person reads, exports or downloads {times} items or more within {minutes} minutes, and "
        "more than {factor} times what they took out in their busiest {minutes} minutes of the "
        "{days} days before.",
        ("times", "minutes", "factor", "days"),
        _more_than_usual,
        by=("stretch",),
        where={"outcome": "success", "is_reading": True},
    ),
    "hours": Kind(
        "Somebody uses privileged access outside {starts} to {ends} ({zone}), or on a Saturday or "
        "Sunday.",
        ("starts", "ends", "zone"),
        _out_of_hours,
        where={"outcome": "success", "is_privileged": True},
    ),
    "network": Kind(
        "A partner's key works from a network (/24, or /48 of IPv6) from which it did not in the "
        "{days} days before; its very first use is none.",
        ("days",),
        _from_a_new_network,
        by=("network",),
        where={"outcome": "success", "is_key": True},
    ),
}
