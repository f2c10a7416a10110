"""What a decision under a regulation is made of: amounts, what is not known, articles. Pure.

True, False and None, which is not known yet. What is not known never counts as no.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import product

# A rule over criteria: key → whether it is met; answers whether the duty applies.
Holds = Callable[[dict[str, bool]], bool]


class Outcome(StrEnum):
    """Whether the duty applies."""

    YES = "yes"
    NO = "no"
    OPEN = "open"


@dataclass(frozen=True)
class Amount:
    """A number with its quality. One that `still_grows` is at least this much."""

    value: Decimal | int
    is_estimate: bool = False
    still_grows: bool = False


@dataclass(frozen=True)
class Finding:
    """One test of an article. While it is open, `inputs` name what would decide it."""

    article: str
    is_met: bool | None
    inputs: tuple[str, ...]
    is_estimate: bool = False


@dataclass(frozen=True)
class Criterion:
    """A threshold: met as soon as one of its tests is."""

    key: str
    findings: tuple[Finding, ...]

    @property
    def is_met(self) -> bool | None:
        """Whether one of the tests is met; None while one that could be is open."""
        return any_of(finding.is_met for finding in self.findings)

    @property
    def met(self) -> list[Finding]:
        """The tests that are met."""
        return [finding for finding in self.findings if finding.is_met]

    @property
    def open_inputs(self) -> list[str]:
        """What would decide it."""
        return [name for one in self.findings if one.is_met is None for name in one.inputs]


@dataclass(frozen=True)
class Answer:
    """What was decided. `articles` led to it, `criteria` are met, `undecided` would decide it."""

    outcome: Outcome
    articles: tuple[str, ...]
    criteria: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()
    is_estimate: bool = False


def exceeds(amount: Amount | None, limit: int) -> bool | None:
    """Whether it is more than the limit; the limit itself is not."""
    if amount is None:
        return None
    if amount.value > limit:
        return True
    return None if amount.still_grows else False


def any_of(tests: Iterable[bool | None]) -> bool | None:
    """True if one is, False if all are false."""
    known = list(tests)
    if any(known):
        return True
    return None if None in known else False


def all_of(tests: Iterable[bool | None]) -> bool | None:
    """False if one is, True if all are true."""
    known = list(tests)
    if any(test is False for test in known):
        return False
    return None if None in known else True


def at_least_two(tests: Iterable[bool | None]) -> bool | None:
    """True if two are, False if two can no longer become true."""
    known = list(tests)
    if sum(test is True for test in known) >= 2:
        return True
    return None if sum(test is not False for test in known) >= 2 else False


def above(article: str, name: str, amount: Amount | None, limit: int) -> Finding:
    """The test that an amount is more than a limit."""
    is_estimate = amount is not None and amount.is_estimate
    return Finding(article, exceeds(amount, limit), (name,), is_estimate)


def said(article: str, name: str, answer: bool | None) -> Finding:
    """The test that something is so."""
    return Finding(article, answer, (name,))


def pivotal(criteria: Iterable[Criterion], holds: Holds) -> list[str]:
    """The inputs that would decide: of each open criterion on which the rule can still turn."""
    known = {criterion.key: criterion for criterion in criteria}
    open_keys = [key for key, criterion in known.items() if criterion.is_met is None]
    fixed = {key: bool(one.is_met) for key, one in known.items() if one.is_met is not None}
    found: dict[str, None] = {}
    for key in open_keys:
        others = [other for other in open_keys if other != key]
        for values in product((False, True), repeat=len(others)):
            ground = fixed | dict(zip(others, values, strict=True))
            if holds(ground | {key: True}) != holds(ground | {key: False}):
                found |= dict.fromkeys(known[key].open_inputs)
                break
    return list(found)
