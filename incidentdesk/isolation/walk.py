"""The walk: every route, every reader, another's ids, its own and junk, read and written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from django.db import transaction
from django.urls import Resolver404, resolve

from incidentdesk.isolation import cast as casting
from incidentdesk.isolation import routes
from incidentdesk.isolation.asking import HOPS, Asker, Outcome, Reader, strangers_words
from incidentdesk.isolation.cast import Cast
from incidentdesk.isolation.forms import Form, Page
from incidentdesk.isolation.routes import API, Address, Route, Unfillable, Values

SCOPED = ("portal/", API, "accounts/partner/")
WRITERS = ("act", "administer")
HIDDEN = (404, 405)  # what a stranger gets: nothing is here, or not in this way
QUERIES = ("after", "q", "state", "page", "partner", "id", "next")
_ONCE = re.compile(r'<input[^>]*name="(?:csrfmiddlewaretoken|once)"[^>]*>|csrftoken=\S+')
_HEADS = re.compile(
    r"^(?:Set-Cookie|Expires|Last-Modified|Date|Content-Length|X-Request-ID):.*$|Max-Age=\S+",
    re.M,
)

# Rows that are a reader's own affair: the login, how times are shown, tokens that only read.
PERSONAL = {"kernel.User", "kernel.Token", "partners.Preferences"}


@dataclass(frozen=True)
class Finding:
    """Something that must not be: where, for whom, and what."""

    where: str
    who: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}, {self.who}: {self.what}"


@dataclass
class Walk:
    """One way through the URL map. `counted` is told of each question."""

    cast: Cast
    asker: Asker
    readers: list[Reader]
    values: Values
    wall: str  # which walls stand, for the findings
    counted: Callable[[], None]
    forms: dict[str, list[Form]] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)
    bodies: dict[str, dict[str, Any]] = field(default_factory=dict)  # of an API, by address

    def findings(self, every: list[Route]) -> Iterator[Finding]:
        """Everything that is wrong, route by route; what the own pages offer is learnt first."""
        known: dict[Route, list[Address]] = {}
        for route in every:
            try:
                known[route] = routes.addresses(route, self.values)
            except Unfillable as error:
                yield Finding(f"/{route.text}", "the proof", str(error))
        for route, found in known.items():
            for address in found:
                yield from self._read(
                    address, learns=route.text.startswith(SCOPED) and not address.foreign
                )
        for found in known.values():
            for address in found:
                self._take_up(address)
        for found in known.values():
            for address in found:
                yield from self._write(address)
        yield from self._alter()
        yield from self._ask_on(known)

    # --- reading ----------------------------------------------------------------------------------

    def _read(self, address: Address, *, learns: bool) -> Iterator[Finding]:
        for reader in self._readers(address):
            outcome = self._ask(reader, "get", address)
            if learns and outcome.answer.status == 200:
                self._learn(address, outcome)
            yield from self._judge(reader, "GET", address, outcome)
            if outcome.changed:
                yield self._finding(address, reader, "GET", f"changed {', '.join(outcome.changed)}")

    def _learn(self, address: Address, outcome: Outcome) -> None:
        page = Page(address.path)
        page.feed(outcome.answer.page)
        self.asked |= page.asked
        for form in page.forms:
            route = _route_of(form.action)
            known = self.forms.setdefault(route, [])
            if all(
                (one.action, one.fields.keys()) != (form.action, form.fields.keys())
                for one in known
            ):
                known.append(form)

    def _take_up(self, address: Address) -> None:
        """What a program would send there, if it is an address of the API and the reader's own."""
        text = address.route.text
        body = self.bodies.get("/" + re.sub(r"<\w+:(\w+)>", r"{\1}", text))
        if body is not None and not address.foreign and not address.is_junk:
            self.forms.setdefault(text, []).append(Form(address.path, "post", body))

    # --- writing ----------------------------------------------------------------------------------

    def _write(self, address: Address) -> Iterator[Finding]:
        shapes = self.forms.get(_route_of(address.path), [])[:1]
        for reader in self._readers(address):
            data = shapes[0].fields if shapes else {}
            # A program's call with a field that is not known is refused before anything is looked
            # for, so it would prove nothing.
            more = {} if address.route.text.startswith(API) else self._names_of_another()
            yield from self._send(reader, address, {**data, **more})

    def _send(self, reader: Reader, address: Address, data: dict[str, Any]) -> Iterator[Finding]:
        outcome = self._ask(reader, "post", address, data)
        yield from self._judge(reader, "POST", address, outcome)
        if outcome.changed:
            yield self._finding(
                address,
                reader,
                "POST",
                f"changed {', '.join(outcome.changed)} of the other partner",
            )

    def _names_of_another(self) -> dict[str, str]:
        """Fields that no form has, and that nobody may take seriously."""
        other = str(self.cast.a.partner.pk)
        return {"partner_id": other, "user_id": str(self.cast.a.users["act"].pk)}

    def _alter(self) -> Iterator[Finding]:
        """The own forms, sent as they are and with another's ids and references in their fields."""
        foreign = self.values.fitting(".*", own=False, most=3)
        writers = [reader for reader in self.readers if reader.name in WRITERS]
        for forms in self.forms.values():
            for form in forms:
                if form.method != "post" or form.action.startswith("/accounts/logout"):
                    continue
                address = Address(Route(_route_of(form.action), {}), form.action, frozenset())
                for reader in self.readers:
                    yield from self._send(reader, address, form.fields)
                for value, reader in product(foreign, writers):
                    is_api = address.route.text.startswith(API)
                    altered = form.retold(value) if is_api else form.altered(value)
                    yield from self._send(reader, address, altered)

    def _ask_on(self, known: dict[Route, list[Address]]) -> Iterator[Finding]:
        """What follows a question mark: the names that pages use, with another's references."""
        foreign = self.values.fitting(".*", own=False)
        wanted = [foreign[0], foreign[-1], self.cast.a.words.salt[:5]]
        reader = next(one for one in self.readers if one.name in WRITERS)
        for route in known:
            if route.fits or not (route.is_portal or route.text.startswith("accounts/partner")):
                continue
            address = Address(route, f"/{route.text}", frozenset())
            for name, value in product(sorted({*QUERIES, *self.asked}), wanted):
                outcome = self._ask(reader, "get", address, {name: value})
                yield from self._judge(reader, f"GET ?{name}=", address, outcome)

    # --- judging ----------------------------------------------------------------------------------

    def _readers(self, address: Address) -> list[Reader]:
        """Everybody; where no partner is let in, one who may most and one who is nobody."""
        return self.readers if address.route.is_open else self.readers[::2]

    def _ask(
        self, reader: Reader, method: str, address: Address, data: dict[str, Any] | None = None
    ) -> Outcome:
        self.counted()
        hops = HOPS if address.route.is_open else 0
        return self.asker.ask(reader, method, address.path, data, hops=hops)

    def _judge(
        self, reader: Reader, method: str, address: Address, outcome: Outcome
    ) -> Iterator[Finding]:
        status = outcome.answer.status
        for said in strangers_words(self.cast, outcome.answer.text):
            yield self._finding(address, reader, method, f"answered with {said}")
        for said in outcome.mailed:
            yield self._finding(address, reader, method, f"mailed {said}")
        if status >= 500 and status != 503:  # which says, on purpose, that a part is away
            yield self._finding(address, reader, method, f"failed with {status}")
        elif status == 403 and (address.foreign or address.is_junk):
            yield self._finding(
                address, reader, method, "answered 403 where a stranger must get 404"
            )
        elif (
            address.foreign and address.route.is_portal and reader.is_known and status not in HIDDEN
        ):
            words = f"answered {status} where a stranger must get 404"
            yield self._finding(address, reader, method, words)
        if reader.name == "audit" and method == "POST" and _beyond_oneself(outcome):
            yield self._finding(
                address, reader, method, "changed something, though an auditor only reads"
            )

    def _finding(self, address: Address, reader: Reader, method: str, what: str) -> Finding:
        where = f"{method} /{address.route.text}"
        shown = address.path if len(address.path) < 120 else f"{address.path[:119]}…"
        return Finding(where, f"as {reader.name} with {address.kind} ({shown}){self.wall}", what)


def _beyond_oneself(outcome: Outcome) -> bool:
    """Whether rows of the reader's partner changed that are not the reader's own affair."""
    return bool(set(outcome.own_changed) - PERSONAL)


def differences(walk: Walk, every: list[Route]) -> Iterator[Finding]:
    """The reader's own pages stay word for word as they are when the other partner gets more."""
    own = [address for route in every if route.is_portal for address in _own(route, walk.values)]
    for reader in walk.readers:
        if not reader.is_known:
            continue
        before = {address: _page(walk, reader, address) for address in own}
        with transaction.atomic():
            casting.more(walk.cast)
            changed = [a for a in own if _page(walk, reader, a) != before[a]]
            transaction.set_rollback(True)
        for address in changed:
            if _page(walk, reader, address) == before[address]:  # else the clock went on
                yield walk._finding(
                    address, reader, "GET", "changes when the other partner gets more"
                )


def _own(route: Route, values: Values) -> list[Address]:
    try:
        return [a for a in routes.addresses(route, values) if not a.foreign and not a.is_junk]
    except Unfillable:
        return []


def _page(walk: Walk, reader: Reader, address: Address) -> str:
    text = walk.asker.ask(reader, "get", address.path).answer.page
    return _HEADS.sub("", _ONCE.sub("", text))


def _route_of(path: str) -> str:
    try:
        return resolve(path).route
    except Resolver404:
        return path
