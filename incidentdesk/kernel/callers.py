"""From where a request comes: the only place that looks, for limits, logs and history alike.

Proxies in front of the desk write into `X-Forwarded-For` whom they were called by, each at the
right end. So of its parts only those count that settings.TRUSTED_PROXIES proxies of ours wrote:
what stands left of them is what the caller made up.
"""

from __future__ import annotations

from contextlib import suppress
from ipaddress import ip_address
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest


def address(request: HttpRequest) -> str:
    """The caller's IP address; empty where a socket without one was called.

    A header that has too few parts, or no address where one should be, tells nothing: then it is
    the address that called this process.
    """
    direct = str(request.META.get("REMOTE_ADDR") or "")
    proxies: int = settings.TRUSTED_PROXIES
    hops = request.headers.get("X-Forwarded-For", "").split(",")
    if not 0 < proxies <= len(hops):
        return direct
    return _read(hops[-proxies].strip()) or direct


def _read(hop: str) -> str:
    """An address as it is always written; some proxies add the port: `192.0.2.1:4711`."""
    for text in (hop, _without_port(hop)):
        with suppress(ValueError):
            return str(ip_address(text))
    return ""


def _without_port(hop: str) -> str:
    try:
        return urlsplit(f"//{hop}").hostname or ""
    except ValueError:
        return ""
