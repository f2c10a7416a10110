"""A real HTTP server for tests: it keeps what it is sent and answers what it is told to."""

from __future__ import annotations

import contextlib
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass
class Receiver:
    """The server's memory: headers and body of each call. `drip` answers a byte at a time."""

    port: int = 0
    status: int = 200
    location: str = ""
    body: str = "ok"
    drip: bool = False
    is_endless: bool = False  # an answer to GET that does not end
    seconds: float = 0.0  # before it answers
    until: Callable[[], bool] = lambda: True  # what it waits for, though not for ever
    calls: list[tuple[dict[str, str], str]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}/hook"


@contextlib.contextmanager
def receiver(certificate: Path | None = None) -> Iterator[Receiver]:
    """A server that runs until the block ends; by TLS, with a certificate and its key."""
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
            self.send_header("Content-Length", "5000" if kept.is_endless else "0")
            if kept.location:
                self.send_header("Location", kept.location)
            self.end_headers()
            with contextlib.suppress(OSError):
                for _ in range(100 if kept.is_endless else 0):
                    self.wfile.write(b" ")
                    time.sleep(0.05)

        def log_message(self, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    kept.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield kept
    finally:
        server.shutdown()
        server.server_close()
