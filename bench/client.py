"""The client of the benchmarks: connections that stay open, and as little work as possible.

A socket and bytes made beforehand: a whole HTTP library would cost more than a fast server.
"""

from __future__ import annotations

import socket
import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field


class Connection:
    """One kept-alive connection to the server under test."""

    def __init__(self, port: int) -> None:
        """Connects at the first request."""
        self._port = port
        self._socket: socket.socket | None = None

    def ask(self, request: bytes) -> tuple[int, bytes]:
        """Send one request; answers status and body. Connects again if the server hung up."""
        for attempt in (1, 2):
            try:
                return self._ask(request)
            except ConnectionError:
                self.close()
                if attempt == 2:
                    raise
        raise AssertionError

    def close(self) -> None:
        """Hang up."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _ask(self, request: bytes) -> tuple[int, bytes]:
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=60)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(request)
        answer = self._receive(self._socket)
        head, _, body = answer.partition(b"\r\n\r\n")
        lower = head.lower()
        length = int(lower.split(b"content-length:")[1].split(b"\r\n")[0])
        while len(body) < length:
            body += self._receive(self._socket)
        if b"connection: close" in lower:
            self.close()
        return int(head[9:12]), body

    @staticmethod
    def _receive(connection: socket.socket) -> bytes:
        data = connection.recv(65536)
        if not data:
            raise ConnectionResetError("the server hung up")
        return data


def post(path: str, body: bytes) -> bytes:
    """The bytes of a POST of JSON."""
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def get(path: str, cookie: str = "") -> bytes:
    """The bytes of a GET."""
    cookies = f"Cookie: {cookie}\r\n" if cookie else ""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{cookies}\r\n".encode()


@dataclass
class Load:
    """What some clients measured together."""

    seconds: float = 0.0
    took: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        """Answers a second, all clients together."""
        return len(self.took) / self.seconds

    @property
    def median_ms(self) -> float:
        """The median time of one request."""
        return statistics.median(self.took) * 1000


def run(
    port: int, make: Callable[[int], bytes], *, clients: int, seconds: float, status: int
) -> Load:
    """`clients` connections ask `make(number)` one after the other; any other status is a fault."""
    load, faults = Load(), list[str]()
    ends = time.perf_counter() + seconds

    def work(client: int) -> None:
        connection, took, number = Connection(port), list[float](), client
        try:
            while (began := time.perf_counter()) < ends:
                found, body = connection.ask(make(number))
                took.append(time.perf_counter() - began)
                number += clients
                if found != status:
                    faults.append(f"{found} instead of {status}: {body[:200]!r}")
                    return
        except OSError as error:
            faults.append(str(error))
        finally:
            connection.close()
            load.took.extend(took)

    began = time.perf_counter()
    threads = [threading.Thread(target=work, args=(client,)) for client in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    load.seconds = time.perf_counter() - began
    if faults:
        raise RuntimeError(f"{len(faults)} requests failed, the first: {faults[0]}")
    return load
