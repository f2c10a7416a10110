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
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

TICK = 0.1  # seconds between two looks at the time
Check = Callable[[Any], None]  # raises if an address may not be called


class Leash:
    """What was opened by one call, or by the calls over one connection."""

    def __init__(self, check: Check | None = None) -> None:
        """`check` looks at every address before it is called."""
        self.is_over = False
        self.ends_at = 0.0  # by the monotonic clock
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

    def begin(self, seconds: float) -> None:
        """A further call over the same connection has its own time."""
        self.is_over, self.ends_at = False, time.monotonic() + seconds

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
_starting = threading.Lock()
_hooked: list[bool] = []  # the interpreter keeps an audit hook for good, so it gets one
_watchmen: list[int] = []  # the processes in which somebody looks at the time: threads do not fork
_out: set[Leash] = set()  # calls that are under way


@contextmanager
def within(seconds: float, leash: Leash) -> Iterator[None]:
    """What runs inside has so many seconds, and `TICK` more at most; then it is hung up."""
    _watch()
    leash.begin(seconds)
    _out.add(leash)
    token = _leash.set(leash)
    try:
        yield
    finally:
        _leash.reset(token)
        _out.discard(leash)


def _watch() -> None:
    with _starting:
        if not _hooked:
            sys.addaudithook(_audited)
            _hooked.append(True)
        if os.getpid() not in _watchmen:
            _watchmen[:] = [os.getpid()]
            _out.clear()
            threading.Thread(target=_look_at_the_time, daemon=True, name="leashes").start()


def _look_at_the_time() -> None:
    """One thread for all calls: a timer a call would cost half as much as sending a mail."""
    while True:
        time.sleep(TICK)
        for leash in list(_out):
            if time.monotonic() >= leash.ends_at:
                leash.hang_up()


def _audited(event: str, values: tuple[Any, ...]) -> None:
    if event == "socket.connect":
        leash = _leash.get()
        if leash is not None:
            leash.connecting(*values)
