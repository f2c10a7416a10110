"""The stack of a benchmark: an embedded PostgreSQL and Redis, and gunicorn as `manage.py desk`
starts it, all in a folder of its own that is wiped at the end.

Workers and beat do not run: what is measured is the answer, not what happens after it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg2

from bench import client, floor
from incidentdesk.embedded import parts, reset, servers
from incidentdesk.embedded.layout import Layout

ROOT = Path(__file__).resolve().parents[1]
DESK, FLOOR = "incidentdesk.wsgi:application", "bench.floor:application"
# All that our processes are told; what a desk of the person at the terminal is told is not ours.
KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV")


def say(words: str) -> None:
    """To the person at the terminal, at once."""
    print(words, flush=True)


@dataclass
class Stack:
    """A desk and its floor, both listening."""

    layout: Layout
    desk: int = field(default_factory=lambda: free_port())
    floor: int = field(default_factory=lambda: free_port())

    @contextlib.contextmanager
    def connect(self, role: str) -> Iterator[Any]:
        """A plain connection as `owner` or `app`; each statement commits by itself."""
        known = self.layout.database("owner" if role == "owner" else "app")
        connection = psycopg2.connect(
            dbname=known["NAME"],
            user=known["USER"],
            password=known["PASSWORD"],
            host=known["HOST"],
            port=known["PORT"],
        )
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                yield cursor
        finally:
            connection.close()

    def environment(self, settings: str) -> dict[str, str]:
        """What a process of ours is told."""
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        return kept | {
            "DATA_DIR": str(self.layout.data_dir),
            "PORT": str(self.desk),
            "INTAKE_LIMIT": "10000000",  # what the desk can, not what it lets one source do
            "DJANGO_SETTINGS_MODULE": settings,
        }


@contextlib.contextmanager
def stack() -> Iterator[Stack]:
    """Everything runs; everything is gone afterwards."""
    layout = Layout(Path(tempfile.mkdtemp(prefix="desk-bench-")))
    made = Stack(layout)
    webs: list[subprocess.Popen[bytes]] = []
    try:
        _prepare(made)
        for application, port in ((DESK, made.desk), (FLOOR, made.floor)):
            webs.append(_serve(made, application, port))
            _wait(made, webs[-1], port)
        yield made
    finally:
        for web in webs:
            web.terminate()
        for web in webs:
            web.wait()
        servers.release(layout)
        reset.reset(layout)
        shutil.rmtree(layout.data_dir, ignore_errors=True)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _prepare(made: Stack) -> None:
    """Servers, tables, static files, the floor's table."""
    say("Starting PostgreSQL and Redis in a folder of their own …")
    servers.acquire_postgres(made.layout)
    servers.acquire_redis(made.layout)
    say("Migrating …")
    manage = [sys.executable, "manage.py"]
    environment = made.environment("incidentdesk.settings")
    for words in (("migrate", "--database", "owner"), ("collectstatic", "--noinput")):
        subprocess.run([*manage, *words, "--verbosity", "0"], cwd=ROOT, env=environment, check=True)
    with made.connect("owner") as cursor:
        cursor.execute(floor.TABLE)


def _serve(made: Stack, application: str, port: int) -> subprocess.Popen[bytes]:
    """Gunicorn with the settings of `manage.py desk`."""
    found = parts.parts(["web"], port=port, work=made.layout.log_dir, embedded=False)
    words = [str(word) for part in found if part.name == "web" for word in part.command]
    if DESK not in words:
        raise RuntimeError("The desk starts its web server in another way by now; mend bench.")
    settings = "incidentdesk.settings" if application == DESK else "bench.floor_settings"
    with _log(made, port).open("wb") as log:
        return subprocess.Popen(
            [application if word == DESK else word for word in words],
            cwd=ROOT,
            env=made.environment(settings),
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
        )


def _wait(made: Stack, web: subprocess.Popen[bytes], port: int) -> None:
    for _ in range(300):
        with contextlib.suppress(OSError):
            connection = client.Connection(port)
            status, _body = connection.ask(client.get("/healthz"))
            connection.close()
            if status == 200:
                return
        if web.poll() is not None:
            break
        time.sleep(0.1)
    words = _log(made, port).read_text(errors="replace")
    raise RuntimeError(f"A web server of the benchmark did not start: {words[-2000:]}")


def _log(made: Stack, port: int) -> Path:
    return made.layout.log_dir / f"web-{port}.log"
