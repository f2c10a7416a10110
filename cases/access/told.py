"""The one shape into which every parser turns a line of a log. Pure; it knows no database."""

from __future__ import annotations

import hashlib
import ipaddress
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cases.access.rules import READINGS

SUCCESS, FAILURE, BARRED = "success", "failure", "barred"
_IPV4_NETWORK, _IPV6_NETWORK = 24, 48  # what one holder usually has


@dataclass(frozen=True)
class Told:
    """One line, read. `id` is what no other line of its source has: the sender's own name for it,
    or its place in the body in which it came. It has to have one before it is stored."""

    at: datetime
    action: str
    outcome: str
    actor: str = ""
    address: str | None = None
    is_privileged: bool = False
    is_key: bool = False
    detail: Mapping[str, Any] = field(default_factory=dict)
    id: str = ""

    @property
    def network(self) -> str:
        """The network of the address; '' without one."""
        return network_of(self.address)

    @property
    def is_reading(self) -> bool:
        """Whether it took something out."""
        return self.action in READINGS

    def key(self, source_id: int) -> uuid.UUID:
        """The same for the same line of a source, delivered again. ValueError without an id."""
        if not self.id:
            raise ValueError("a line that is stored has an id")
        digest = hashlib.sha256(f"{source_id}\0{self.id}".encode()).digest()
        return uuid.UUID(bytes=digest[:16])


def address_of(value: Any) -> str | None:
    """An address in its one form, an IPv4 address inside IPv6 as itself; ValueError if none."""
    if value is None or value == "":
        return None
    found = ipaddress.ip_address(str(value).strip())
    mapped = getattr(found, "ipv4_mapped", None) or found
    if getattr(mapped, "scope_id", None):
        raise ValueError("an address with a zone")
    return str(mapped)


def network_of(address: str | None) -> str:
    """The /24 of an IPv4 address, the /48 of an IPv6 one."""
    if not address:
        return ""
    bits = _IPV6_NETWORK if ":" in address else _IPV4_NETWORK
    return str(ipaddress.ip_network(f"{address}/{bits}", strict=False))
