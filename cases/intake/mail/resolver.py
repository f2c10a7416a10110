"""What the DNS says. The door to dnspython; tests bring a zone of their own instead."""

from __future__ import annotations

import time
from typing import Any, Protocol

import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver

SECONDS = 4.0  # for one question
PATIENCE = 8.0  # seconds, for all questions about one mail; the last one may go beyond
LONGEST = 2048  # bytes of a text; keys and SPF are shorter, and a longer key takes time to try


_NO_NAMES = (dns.name.LabelTooLong, dns.name.NameTooLong, dns.name.EmptyLabel)


class Unreachable(Exception):
    """The DNS gave no answer; asking again later may."""


class Resolver(Protocol):
    """Answers what stands at a name; nothing is an empty list."""

    def __call__(self, name: str, kind: str) -> list[Any]:
        """A and AAAA as text, MX as (preference, host), PTR as text, TXT as bytes in pieces."""


class Patient:
    """Asks for one mail. Once it has waited long enough, everything more is unreachable."""

    def __init__(self, resolver: Resolver) -> None:
        """All of its patience is left."""
        self.resolver, self.left = resolver, PATIENCE

    def __call__(self, name: str, kind: str) -> list[Any]:
        """As the resolver answers, without what is too long. Raises Unreachable."""
        if self.left <= 0:
            raise Unreachable(f"{name}: not asked any more")
        began = time.monotonic()
        try:
            found = self.resolver(name, kind)
        finally:
            self.left -= time.monotonic() - began
        return [one for one in found if kind != "TXT" or sum(map(len, one)) <= LONGEST]


def ask(name: str, kind: str) -> list[Any]:
    """Ask the resolver of this machine. Raises Unreachable."""
    try:
        answer = dns.resolver.resolve(name, kind, lifetime=SECONDS, search=False)
    except (dns.resolver.NoAnswer, dns.resolver.NXDOMAIN, dns.resolver.YXDOMAIN, *_NO_NAMES):
        return []
    except (dns.exception.DNSException, OSError, ValueError) as error:
        raise Unreachable(f"{name}: {type(error).__name__}") from error
    return [_value(one, kind) for one in answer]


def _value(record: Any, kind: str) -> Any:
    if kind in ("A", "AAAA"):
        return record.address
    if kind == "MX":
        return record.preference, record.exchange.to_text(True)
    if kind == "PTR":
        return record.target.to_text(True)
    return tuple(record.strings)
