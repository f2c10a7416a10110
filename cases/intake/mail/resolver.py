"""What the DNS says. The door to dnspython; tests bring a zone of their own instead."""

from __future__ import annotations

from typing import Any, Protocol

import dns.exception
import dns.rdatatype
import dns.resolver

SECONDS = 4.0  # for one question


class Unreachable(Exception):
    """The DNS gave no answer; asking again later may."""


class Resolver(Protocol):
    """Answers what stands at a name; nothing is an empty list."""

    def __call__(self, name: str, kind: str) -> list[Any]:
        """A and AAAA as text, MX as (preference, host), PTR as text, TXT as bytes in pieces."""


def ask(name: str, kind: str) -> list[Any]:
    """Ask the resolver of this machine. Raises Unreachable."""
    try:
        answer = dns.resolver.resolve(name, kind, lifetime=SECONDS, search=False)
    except (dns.resolver.NoAnswer, dns.resolver.NXDOMAIN, dns.resolver.YXDOMAIN):
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
