"""Looking for viruses in what is taken in: clamd, where CLAMAV_URL names one.

A file is sent to it piece by piece (INSTREAM); it keeps nothing. What cannot be looked at is not
taken: a scanner that is away must not be a way in.
"""

from __future__ import annotations

import os
import re
import socket
import struct
from collections.abc import Iterable

from django.conf import settings

from incidentdesk.kernel.errors import Conflict, InvalidInput

CONNECT, ANSWER = 5.0, 60.0  # seconds: to connect and for each piece, and for what it says
_FOUND = re.compile(rb"^stream: (.+) FOUND\x00?$")
_CLEAN = re.compile(rb"^stream: OK\x00?$")
AWAY = (
    "The file was not taken, because nobody could look for viruses in it just now; try again in a "
    "minute, and tell an administrator if it stays."
)
TOO_MUCH = "The file was not taken: it is larger than the search for viruses may be."


class Infected(InvalidInput):
    """There is a virus in it; `virus` is how the scanner calls it."""

    def __init__(self, virus: str) -> None:
        super().__init__(f"The file was not taken: there is a virus in it ({virus}).")
        self.virus = virus


def is_on() -> bool:
    """Whether files are looked at."""
    return settings.CLAMAV is not None


def require_clean(pieces: Iterable[bytes]) -> None:
    """Infected, if there is a virus in it; Conflict, if that cannot be said."""
    if settings.CLAMAV is None:
        return
    try:
        with _connected() as scanner:
            said = _sent(scanner, pieces)
    except OSError as error:
        raise Conflict(AWAY) from error
    if found := _FOUND.match(said):
        raise Infected(found[1].decode(errors="replace")[:100])
    if b"size limit exceeded" in said:
        raise InvalidInput(TOO_MUCH)
    if not _CLEAN.match(said):
        raise Conflict(AWAY)


def trouble() -> str:
    """Why the scanner does not answer; nothing if it does."""
    try:
        with _connected() as scanner:
            scanner.sendall(b"zPING\0")
            said = scanner.recv(16).strip(b"\0\n")
    except OSError as error:
        return type(error).__name__
    return "" if said == b"PONG" else "it does not answer as clamd does"


def _connected() -> socket.socket:
    place = settings.CLAMAV
    if isinstance(place, tuple):
        return socket.create_connection(place, CONNECT)
    scanner = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    scanner.settimeout(CONNECT)
    if error := scanner.connect_ex(str(place)):
        scanner.close()
        raise OSError(error, os.strerror(error))
    return scanner


def _sent(scanner: socket.socket, pieces: Iterable[bytes]) -> bytes:
    """What it says of the whole. It may say so, and hang up, before it has read all."""
    try:
        scanner.sendall(b"zINSTREAM\0")
        for piece in filter(None, pieces):
            scanner.sendall(struct.pack("!L", len(piece)) + piece)
        scanner.sendall(struct.pack("!L", 0))
    except (BrokenPipeError, ConnectionResetError):
        pass
    scanner.settimeout(ANSWER)
    said = b""
    while len(said) < 1000 and b"\0" not in said and (more := scanner.recv(1000)):
        said += more
    return said
