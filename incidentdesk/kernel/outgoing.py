"""The one door through which the desk calls a web server. It answers what was said, or why not.

The name is resolved once, every address it has is looked at, and the call goes to the very address
that was looked at, so that a name cannot lead elsewhere a moment later. Certificates have to hold,
no proxy is asked, no redirect is followed, nothing waits for long, and no more of an answer is read
than is wanted. What may be called is of two kinds: `PUBLIC`, an address that somebody typed, leads
to the public internet by HTTPS and nowhere else; `NAMED`, an address that whoever runs the desk
set, may be inside and plain.

Libraries that open sockets of their own are no part of this: see docs/security/outgoing.md.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import Message
from queue import Empty, SimpleQueue
from time import monotonic
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from incidentdesk.kernel import networks

PORTS = "Calls go to the ports 443 and 80 and to those above 1023."
AGENT = "incidentdesk"


@dataclass(frozen=True)
class Caps:
    """Seconds: to learn a name's addresses, to connect, for each read, and for all of it together;
    and the most bytes of an answer that are wanted, 0 if the status alone is."""

    name: float = 5.0
    connect: float = 5.0
    read: float = 5.0
    whole: float = 10.0
    most: int = 0


CAPS = Caps()
_DRAINED = 1024  # bytes of an answer that nobody wants, so that a polite server sees it taken


class Failed(Exception):
    """There is no answer. Its words are one sentence, and tell nothing of the desk's network."""

    words = "The server could not be reached, or hung up."

    def __str__(self) -> str:
        """The sentence."""
        return self.words


class NotPublic(Failed):
    """The address is not one that may be called; it is not said whether it is anything."""

    words = "The name leads to no address of the public internet."


class NotThatPort(NotPublic):
    """The port is one of those on which other things than web servers listen."""

    words = PORTS


class Untrusted(Failed):
    """TLS does not hold: the certificate is another's, over, or by nobody who is known."""

    words = "No safe connection: the server's certificate does not hold."


class Late(Failed):
    """Something took longer than it may."""

    words = "The server did not answer in time."


@dataclass(frozen=True)
class Answer:
    """What a server said."""

    status: int
    body: bytes = b""
    is_cut: bool = False  # there was more than was wanted
    headers: Message = field(default_factory=Message)
    certified_until: datetime | None = None  # when its certificate ends, by TLS


def is_web_port(port: int | None) -> bool:
    """Whether a call may go there; None is the usual one. Below stand mail and shells."""
    return port is None or port in (80, 443) or 1023 < port < 65536


def PUBLIC(parts: SplitResult) -> Callable[[str], bool]:
    """HTTPS to the public internet. What somebody typed, a partner or a message."""
    if parts.scheme != "https" and not settings.WEBHOOK_LOOPBACK:
        raise NotPublic
    if not is_web_port(parts.port):
        raise NotThatPort
    return _is_public


def NAMED(parts: SplitResult) -> Callable[[str], bool]:
    """Where a setting leads: inside too, and never where a cloud keeps the keys of machines."""
    return networks.may_be_named


Kind = Callable[[SplitResult], Callable[[str], bool]]


def call(
    method: str,
    url: str,
    kind: Kind,
    *,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    caps: Caps = CAPS,
) -> Answer:
    """Ask the server at `url` once. Failed, in a sentence, if it gives no whole answer in time."""
    try:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise NotPublic
        connection = _Connection(parts, kind(parts), caps)
    except ValueError as error:  # a port or an address that is none
        raise NotPublic from error
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    sent = {"User-Agent": AGENT, **(headers or {})}
    with _to_its_end(connection):
        connection.request(method, path, body=body, headers=sent)
        until = _certified_until(connection.sock)
        answer = connection.getresponse()
        if not caps.most:
            _drain(answer)
            return Answer(answer.status, headers=answer.headers, certified_until=until)
        said = answer.read(caps.most + 1)
        if len(said) <= caps.most and (answer.length or connection.is_over):
            raise Failed  # it ended before its end
        is_cut = len(said) > caps.most
        return Answer(answer.status, said[: caps.most], is_cut, answer.headers, until)


@contextmanager
def _to_its_end(connection: _Connection) -> Iterator[None]:
    """Whatever goes wrong is Failed; whatever goes wrong once the time is over is Late."""
    try:
        yield
    except (Failed, OSError, http.client.HTTPException, ValueError) as error:
        if connection.is_over or isinstance(error, TimeoutError):
            raise Late from error
        if isinstance(error, Failed):
            raise
        raise (Untrusted if isinstance(error, ssl.SSLError) else Failed) from error
    finally:
        connection.finish()


def _drain(answer: http.client.HTTPResponse) -> None:
    """Take what nobody reads; the status is known whatever comes of it."""
    try:
        answer.read(_DRAINED)
    except (OSError, http.client.HTTPException, ValueError):
        return


def _is_public(address: str) -> bool:
    if settings.WEBHOOK_LOOPBACK and address in ("127.0.0.1", "::1"):
        return True
    return networks.is_public(address)


def _resolved(host: str, port: int, is_allowed: Callable[[str], bool], seconds: float) -> list[str]:
    """The addresses of a name, if every one of them may be called."""
    known: SimpleQueue[list[str]] = SimpleQueue()
    threading.Thread(target=_look_up, args=(host, port, known), daemon=True).start()
    try:
        addresses = known.get(timeout=seconds)
    except Empty:  # the thread is left to the name server, whose own time-outs are longer
        raise NotPublic from None
    if not addresses or not all(is_allowed(one) for one in addresses):
        raise NotPublic
    return addresses


def _look_up(host: str, port: int, known: SimpleQueue[list[str]]) -> None:
    """Put what addresses a name has; none, if it cannot be learnt."""
    addresses: list[str] = []
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    except (OSError, UnicodeError):
        pass
    finally:
        known.put(addresses)


class _Answer(http.client.HTTPResponse):
    """Python's own reads a part of negative length to the end of the stream, into memory."""

    def _read_next_chunk_size(self) -> int:
        size = int(super()._read_next_chunk_size())  # type: ignore[misc]
        if size < 0:
            raise http.client.HTTPException("a part of negative length")
        return size


class _Connection(http.client.HTTPConnection):
    """To a checked address, and no longer than the whole may take."""

    response_class = _Answer

    def __init__(self, parts: SplitResult, is_allowed: Callable[[str], bool], caps: Caps) -> None:
        self.is_safe = parts.scheme == "https"
        self.default_port = 443 if self.is_safe else 80  # which the Host header leaves out
        super().__init__(str(parts.hostname), parts.port or self.default_port, timeout=caps.read)
        self.is_allowed, self.caps = is_allowed, caps
        self.is_over = False
        self.ends_at = monotonic() + caps.whole
        self.timer: threading.Timer | None = None

    def connect(self) -> None:
        """Open it; a certificate has to be of the name that was asked for."""
        caps = self.caps
        found = _resolved(
            self.host, self.port, self.is_allowed, min(caps.name, self.ends_at - monotonic())
        )
        self.sock = plain = self._connected(found)
        if self.is_safe:
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(
                plain, server_hostname=self.host, do_handshake_on_connect=False
            )
        self.sock.settimeout(caps.read)
        left = max(0.0, self.ends_at - monotonic())
        self.timer = threading.Timer(left, self._hang_up, [self.sock])
        self.timer.daemon = True
        self.timer.start()
        if isinstance(self.sock, ssl.SSLSocket):
            self.sock.do_handshake()

    def _connected(self, addresses: list[str]) -> socket.socket:
        """The first of the addresses that answers."""
        for address in addresses[:-1]:
            try:
                return self._open(address)
            except OSError:
                continue
        return self._open(addresses[-1])

    def _open(self, address: str) -> socket.socket:
        seconds = min(self.caps.connect, self.ends_at - monotonic())
        if seconds <= 0:
            raise TimeoutError
        return socket.create_connection((address, self.port), seconds)

    def finish(self) -> None:
        """Let go of it, and of the clock. `close` is called sooner, by a server that hangs up at
        the end of its answer, while that is still being read."""
        if self.timer is not None:
            self.timer.cancel()
        self.close()

    def _hang_up(self, sock: socket.socket) -> None:
        """End a call that takes too long, whatever it waits for."""
        self.is_over = True
        try:
            socket.socket.shutdown(sock, socket.SHUT_RDWR)
        except OSError:
            return


def _certified_until(sock: socket.socket | None) -> datetime | None:
    if not isinstance(sock, ssl.SSLSocket):
        return None
    last = ssl.cert_time_to_seconds(str((sock.getpeercert() or {})["notAfter"]))
    return datetime.fromtimestamp(last, UTC)
