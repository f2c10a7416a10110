"""A leash for libraries that know no deadline of their own: a call ends when its time is over.

What a call opens is noticed as Python connects it (an audit event, PEP 578): it may be refused
there, by the very address that is connected to, and it is hung up when the time is over, whatever
the library waits for. Only what runs inside `within` is noticed.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

Check = Callable[[Any], None]  # raises if an address may not be called


class Leash:
    """What was opened by one call, or by the calls over one connection."""

    def __init__(self, check: Check | None = None) -> None:
        """`check` looks at every address before it is called."""
        self.is_over = False
        self._check = check
        self._guard = threading.Lock()
        self._ends: list[socket.socket] = []

    def connecting(self, sock: socket.socket, address: Any) -> None:
        """A socket is about to be connected; raises if it must not be."""
        if self._check is not None:
            self._check(address)
        with self._guard:
            if self.is_over:
                raise TimeoutError("The time for this is over.")
            # The same connection by a name of our own: TLS takes the first one away.
            self._ends.append(socket.socket(fileno=os.dup(sock.fileno())))

    def begin(self) -> None:
        """A further call over the same connection has its own time."""
        self.is_over = False

    def hang_up(self) -> None:
        """End everything that is open."""
        with self._guard:
            self.is_over = True
            for end in self._ends:
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue

    def let_go(self) -> None:
        """Nothing is open any more; forget what was."""
        with self._guard:
            for end in self._ends:
                end.close()
            self._ends.clear()


_leash: ContextVar[Leash | None] = ContextVar("notifications_leash", default=None)
_hooking = threading.Lock()
_hooked: list[bool] = []  # the interpreter keeps an audit hook for good, so it gets one


@contextmanager
def within(seconds: float, leash: Leash) -> Iterator[None]:
    """What runs inside has so many seconds; after them its connections are hung up."""
    _watch()
    leash.begin()
    timer = threading.Timer(seconds, leash.hang_up)
    timer.daemon = True
    timer.start()
    token = _leash.set(leash)
    try:
        yield
    finally:
        _leash.reset(token)
        timer.cancel()


def _watch() -> None:
    with _hooking:
        if not _hooked:
            sys.addaudithook(_audited)
            _hooked.append(True)


def _audited(event: str, values: tuple[Any, ...]) -> None:
    if event == "socket.connect":
        leash = _leash.get()
        if leash is not None:
            leash.connecting(*values)
