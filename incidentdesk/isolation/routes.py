"""Every address of the desk, taken from its URL map, and what may stand in its arguments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any
from urllib.parse import quote
from uuid import UUID

from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern

from incidentdesk.isolation import reach
from incidentdesk.isolation.cast import Cast
from incidentdesk.isolation.people import Side

_ARGUMENT = re.compile(r"<(?:(\w+):)?(\w+)>")
_GROUP = re.compile(r"\(\?P<(\w+)>((?:[^()]|\([^()]*\))*)\)")
# Columns that stand in addresses: a stranger would type these.
_NAMES = ("reference", "code", "email", "key", "digest", "slug", "token")
_MOST = 5  # values of one kind for one argument
API = "api/v1/partner/"
_OPEN = (
    "portal/",
    API,
    "accounts/",
    "ack/",
)  # to partners; what lies elsewhere lets none of them in
JUNK = (
    "0",
    "x",
    "INC-2001-0001",
    "NOBODY-2001-0001",
    "NOBODY-REP-2001-0001",
    "' OR '1'='1",
    "\0",
    "💩",
    "../../admin",
    "9" * 400,
)


@dataclass(frozen=True)
class Route:
    """One entry of the URL map: `portal/incidents/<incident:reference>/`."""

    text: str
    fits: dict[str, str] = field(hash=False)  # argument → what its values look like

    @property
    def is_portal(self) -> bool:
        """Whether it lies behind the partner scope."""
        return self.text.startswith(("portal/", API))

    @property
    def is_open(self) -> bool:
        """Whether partners have any business there: it is asked for in every way there is."""
        return self.text.startswith(_OPEN)

    @property
    def most(self) -> int:
        """How many values of one kind are tried for one argument."""
        return _MOST if self.is_portal else 2 if self.is_open else 1

    def address(self, values: dict[str, str]) -> str:
        """The address with these values in it."""
        return "/" + _ARGUMENT.sub(lambda found: quote(values[found[2]], safe="/"), self.text)


def every(only: str = "") -> list[Route]:
    """All routes, those that begin with `only`."""
    return [
        route for route in _flat(get_resolver().url_patterns, "", {}) if route.text.startswith(only)
    ]


def _flat(entries: list[Any], before: str, fits: dict[str, str]) -> Iterator[Route]:
    for entry in entries:
        text, own = _read(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _flat(entry.url_patterns, before + text, fits | own)
        elif isinstance(entry, URLPattern):
            yield Route(before + text, fits | own)


def _read(pattern: Any) -> tuple[str, dict[str, str]]:
    """A pattern as a route with arguments in angle brackets, and what fits each."""
    if isinstance(pattern, RoutePattern):
        return str(pattern), {n: c.regex for n, c in pattern.converters.items()}
    text = str(pattern).removeprefix("^").removesuffix("$").removesuffix(r"\Z")
    fits = dict(_GROUP.findall(text))
    return _GROUP.sub(lambda found: f"<{found[1]}>", text).replace("\\", ""), fits


def _listed(regex: str) -> list[str]:
    """An argument that is one of some words: the first of them."""
    return regex.split("|")[:1] if re.fullmatch(r"\w+(\|\w+)*", regex) else []


@dataclass
class Values:
    """What can be put into arguments: the other partner's, the reader's own, and those of both."""

    foreign: list[str]
    own: list[str]

    @classmethod
    def of(cls, cast: Cast) -> Values:
        """Read them off the rows. An id that both have in different tables is nobody's alone."""
        desk = [cast.incident.reference, str(cast.incident.pk)]
        return cls([*_named(cast.a), *desk], ["1", "2", "3", *_named(cast.b)])

    def of_others_alone(self) -> set[str]:
        """What the reader has no claim to in any table."""
        return set(self.foreign) - set(self.own)

    def fitting(self, regex: str, *, own: bool, most: int = _MOST) -> list[str]:
        """At most so many of one kind, names before numbers."""
        found = [v for v in (self.own if own else self.foreign) if re.fullmatch(regex, v)]
        names = [v for v in dict.fromkeys(found) if not v.isdigit()]
        numbers = [v for v in dict.fromkeys(found) if v.isdigit()]
        return names[:most] + numbers[: 5 * most]


def _named(side: Side) -> list[str]:
    """References, codes, addresses and ids of a partner's rows: what a portal shows comes first."""
    held = reach.everything_of(side.partner, side.people)
    shown = {model._meta.label for model in reach.readable_models()}
    tables = [held[label] for label in sorted(held, key=lambda label: label not in shown)]
    firsts = [str(row["id"]) for rows in tables for row in rows[:1]]
    numbers = dict.fromkeys([*firsts, *(str(row["id"]) for rows in tables for row in rows)])
    every = [row.get(column) for rows in tables for row in rows for column in _NAMES]
    names = dict.fromkeys(str(n) for n in every if n and isinstance(n, str | UUID))
    references = [name for name in names if "-" in name]
    return [*references, *(n for n in names if n not in references), *numbers]


@dataclass(frozen=True)
class Address:
    """An address to ask for, and what of it is not the reader's."""

    route: Route
    path: str
    foreign: frozenset[str]  # values that are another's alone
    is_junk: bool = False

    @property
    def kind(self) -> str:
        """In words, for a finding."""
        if self.is_junk:
            return "junk"
        return "another's ids" if self.foreign else "its own ids"


class Unfillable(Exception):
    """An argument for which there is no value; the sentence says which."""


def addresses(route: Route, values: Values) -> list[Address]:
    """With another's ids, with the reader's own, mixed, and with junk; each once."""
    if not route.fits:
        return [Address(route, f"/{route.text}", frozenset())]
    if _ARGUMENT.sub("", route.text) != _plain(route.text) or set(route.fits) != _names(route.text):
        raise Unfillable("its address cannot be read; write it with path()")
    alone, found = values.of_others_alone(), {}
    choices = []
    for name, regex in route.fits.items():
        theirs = values.fitting(regex, own=False, most=route.most) or _listed(regex)
        if not theirs:
            raise Unfillable(
                f"no id of a partner's fits its argument “{name}”; give it one in isolation/cast.py"
            )
        mine = values.fitting(regex, own=True) if route.is_open else []
        choices.append((name, theirs, mine))
    for given in _mixed(choices):
        foreign = frozenset(v for v in given.values() if v in alone)
        path = route.address(given)
        found[path] = Address(route, path, foreign)
    for junk in JUNK if route.is_open else JUNK[:2]:
        path = route.address(dict.fromkeys(route.fits, junk))
        found.setdefault(path, Address(route, path, frozenset(), is_junk=True))
    return list(found.values())


def _mixed(choices: list[tuple[str, list[str], list[str]]]) -> Iterator[dict[str, str]]:
    """Every value of each argument, beside the first of another's and the first of one's own in
    the rest. All with all would be ten times as many, and ask little else."""
    for name, theirs, mine in choices:
        rest = [(other, [*t[:1], *m[:1]]) for other, t, m in choices if other != name]
        for value, *beside in product([*theirs, *mine], *(few for _, few in rest)):
            yield {name: value, **dict(zip((other for other, _ in rest), beside, strict=True))}


def _names(text: str) -> set[str]:
    return {name for _, name in _ARGUMENT.findall(text)}


def _plain(text: str) -> str:
    """The text between arguments, if nothing of a regular expression is left in it."""
    left = _ARGUMENT.sub("", text)
    return left if not re.search(r"[()\[\]*+?|^$]", left) else ""
