"""The door to other people's servers: HTTPS to the public internet and to nowhere else.

The name is resolved once, every address it has is looked at, and the call goes to the very address
that was looked at, so that a name cannot lead elsewhere a moment later. No redirect is followed,
nothing waits for long, and no more of an answer is read than was asked for.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Mapping
from queue import Empty, SimpleQueue
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

NAME_SECONDS = 5.0  # to learn what addresses a name has
STEP_SECONDS = 5.0  # to connect, and for each read
WHOLE_SECONDS = 10.0  # from the connection to the end of the answer
MOST_BYTES = 64 * 1024  # of an answer that is wanted
_HIDES_ANOTHER = [  # addresses that stand for an IPv4 address, which may be anybody's
    ipaddress.ip_network(one)
    for one in ("::/96", "64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")
]
_NOBODY = [  # special purposes that Python's `is_global` lets through
    ipaddress.ip_network(one)
    for one in ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32", "fec0::/10", "3fff::/20")
]


class NotPublic(Exception):
    """The address is not one of the public internet; it is not said whether it is anything."""


class NotThatPort(NotPublic):
    """The port is one of those on which other things than web servers listen."""


PORTS = "Calls go to the ports 443 and 80 and to those above 1023."


def is_web_port(port: int | None) -> bool:
    """Whether a call may go there; None is the usual one. Below stand mail and shells."""
    return port is None or port in (80, 443) or 1023 < port < 65536


def post(url: str, *, body: bytes, headers: Mapping[str, str]) -> int:
    """The status that the server at `url` answers. NotPublic, or an OSError or HTTPException."""
    return _called("POST", url, body, headers, most=1024)[0]


def fetch(url: str) -> tuple[int, bytes]:
    """The status and, as far as `MOST_BYTES`, the body that the server at `url` answers.

    NotPublic, or an OSError or HTTPException.
    """
    return _called("GET", url, None, {}, most=MOST_BYTES)


def _called(
    method: str, url: str, body: bytes | None, headers: Mapping[str, str], *, most: int
) -> tuple[int, bytes]:
    parts = urlsplit(url)
    is_safe = parts.scheme == "https"
    if not is_safe and not settings.WEBHOOK_LOOPBACK:
        raise NotPublic
    if not is_web_port(parts.port):
        raise NotThatPort
    host = parts.hostname or ""
    port = parts.port or (443 if is_safe else 80)
    connection = _Connection(host, port, is_safe=is_safe)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request(method, path, body=body, headers=dict(headers))
        answer = connection.getresponse()
        return answer.status, answer.read(most)  # so that a polite server sees it taken
    finally:
        connection.close()


def is_public(address: str) -> bool:
    """Whether an IP address is one that anybody on the internet may call."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address) and (
        found.ipv4_mapped is not None or any(found in network for network in _HIDES_ANOTHER)
    ):
        return False
    if any(found in network for network in _NOBODY if network.version == found.version):
        return False
    return found.is_global and not (
        found.is_multicast or found.is_reserved or found.is_unspecified or found.is_loopback
    )


def _resolved(host: str, port: int) -> str:
    """The address to call: the first, if every one that the name has is public."""
    known: SimpleQueue[list[str]] = SimpleQueue()
    threading.Thread(target=_look_up, args=(host, port, known), daemon=True).start()
    try:
        addresses = known.get(timeout=NAME_SECONDS)
    except Empty:  # the thread is left to the name server, whose own time-outs are longer
        raise NotPublic from None
    if not addresses or not all(_is_allowed(one) for one in addresses):
        raise NotPublic
    return addresses[0]


def _look_up(host: str, port: int, known: SimpleQueue[list[str]]) -> None:
    """Put what addresses a name has; none, if it cannot be learnt."""
    addresses: list[str] = []
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = [str(entry[4][0]) for entry in found]
    except (OSError, UnicodeError):
        pass
    finally:
        known.put(addresses)


def _is_allowed(address: str) -> bool:
    if settings.WEBHOOK_LOOPBACK and address in ("127.0.0.1", "::1"):
        return True
    return is_public(address)


class _Connection(http.client.HTTPConnection):
    """To a checked address, and no longer than the whole may take."""

    def __init__(self, host: str, port: int, *, is_safe: bool) -> None:
        super().__init__(host, port, timeout=STEP_SECONDS)
        self.is_safe = is_safe
        self.timer: threading.Timer | None = None
        self.default_port = 443 if is_safe else 80  # which the Host header leaves out

    def connect(self) -> None:
        """Open it; a certificate has to be of the name that was asked for."""
        plain = socket.create_connection((_resolved(self.host, self.port), self.port), STEP_SECONDS)
        self.sock = plain
        if self.is_safe:
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(
                plain, server_hostname=self.host, do_handshake_on_connect=False
            )
        self.timer = threading.Timer(WHOLE_SECONDS, _hang_up, [self.sock])
        self.timer.daemon = True
        self.timer.start()
        if isinstance(self.sock, ssl.SSLSocket):
            self.sock.do_handshake()

    def close(self) -> None:
        """Let go of it, and of the clock."""
        if self.timer is not None:
            self.timer.cancel()
        super().close()


def _hang_up(sock: Any) -> None:
    """End a call that takes too long, whatever it waits for."""
    try:
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
    except OSError:
        return
