"""Arithmetic of spans of time: half-open pairs of instants, sorted and apart. Pure; no nouns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

Span = tuple[datetime, datetime]


def joined(spans: Iterable[Span]) -> list[Span]:
    """The same time as the fewest spans, sorted: what touches is one, empty ones are dropped."""
    found: list[Span] = []
    for starts, ends in sorted(span for span in spans if span[0] < span[1]):
        if found and starts <= found[-1][1]:
            found[-1] = (found[-1][0], max(ends, found[-1][1]))
        else:
            found.append((starts, ends))
    return found


def common(some: Sequence[Span], others: Sequence[Span]) -> list[Span]:
    """The time that is in both; both are sorted and apart. Linear."""
    found, at, of = [], 0, 0
    while at < len(some) and of < len(others):
        starts, ends = max(some[at][0], others[of][0]), min(some[at][1], others[of][1])
        if starts < ends:
            found.append((starts, ends))
        if some[at][1] <= others[of][1]:
            at += 1
        else:
            of += 1
    return found


def without(some: Sequence[Span], taken: Sequence[Span]) -> list[Span]:
    """The time that is in `some` and not in `taken`; both are sorted and apart. Linear."""
    found, of = [], 0
    for starts, ends in some:
        while of < len(taken) and taken[of][1] <= starts:
            of += 1
        at, ahead = starts, of
        while ahead < len(taken) and taken[ahead][0] < ends:
            if at < taken[ahead][0]:
                found.append((at, taken[ahead][0]))
            at = max(at, taken[ahead][1])
            ahead += 1
        if at < ends:
            found.append((at, ends))
    return found
