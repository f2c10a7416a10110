"""A real HTTP server for tests: it keeps what it is sent and answers what it is told to."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Receiver:
    """The server's memory: headers and body of each call. `drip` answers a byte at a time."""

    port: int = 0
    status: int = 200
    location: str = ""
    body: str = "ok"
    drip: bool = False
    seconds: float = 0.0  # before it answers
    until: Callable[[], bool] = lambda: True  # what it waits for, though not for ever
    calls: list[tuple[dict[str, str], str]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}/hook"


@contextlib.contextmanager
def receiver() -> Iterator[Receiver]:
    """A server that runs until the block ends."""
    kept = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            kept.calls.append(({k.lower(): v for k, v in self.headers.items()}, body))
            time.sleep(kept.seconds)
            given_up = time.monotonic() + 20.0
            while not kept.until() and time.monotonic() < given_up:
                time.sleep(0.01)
            if kept.drip:
                with contextlib.suppress(OSError):
                    for letter in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 100:
                        self.wfile.write(bytes([letter]))
                        time.sleep(0.1)
                return
            self.send_response(kept.status)
            if kept.location:
                self.send_header("Location", kept.location)
            self.send_header("Content-Length", str(len(kept.body)))
            self.end_headers()
            self.wfile.write(kept.body.encode())

        def do_GET(self) -> None:
            kept.calls.append(({k.lower(): v for k, v in self.headers.items()}, ""))
            time.sleep(kept.seconds)
            self.send_response(kept.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield kept
    finally:
        server.shutdown()
        server.server_close()
