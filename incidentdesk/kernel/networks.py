"""Which IP addresses may be called: pure, and about addresses only, never about names."""

from __future__ import annotations

import ipaddress

_HIDES_ANOTHER = [  # addresses that stand for an IPv4 address, which may be anybody's
    ipaddress.ip_network(one)
    for one in ("::/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")
]
_NOBODY = [  # special purposes that Python's `is_global` lets through
    ipaddress.ip_network(one)
    for one in ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32", "fec0::/10", "3fff::/20")
]
_KEYS = [  # where clouds hand out the keys of a machine, beside what is link-local
    ipaddress.ip_network(one)
    for one in ("168.63.129.16/32", "100.100.100.200/32", "fd00:ec2::254/128", "192.0.0.192/32")
]
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def is_public(address: str) -> bool:
    """Whether an IP address is one that anybody on the internet may call."""
    found = _read(address)
    if isinstance(found, ipaddress.IPv6Address) and (
        found.ipv4_mapped is not None or _among(found, _HIDES_ANOTHER)
    ):
        return False
    if _among(found, _NOBODY):
        return False
    return found.is_global and not (
        found.is_multicast or found.is_reserved or found.is_unspecified or found.is_loopback
    )


def may_be_named(address: str) -> bool:
    """Whether a setting may lead there: to any machine, and never where a cloud keeps its keys."""
    found = _read(address)
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    if _among(found, _KEYS):
        return False
    return not (found.is_link_local or found.is_multicast or found.is_unspecified)


def _read(address: str) -> _Address:
    return ipaddress.ip_address(address.partition("%")[0])


def _among(found: _Address, networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    return any(found in network for network in networks if network.version == found.version)
