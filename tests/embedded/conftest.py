"""A data folder of its own for every test, and processes that use its servers.

Nothing here touches the servers of the test run itself: each process is a separate Python.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from incidentdesk.embedded.layout import Layout

ROOT = Path(__file__).resolve().parents[2]

# Acquires both servers, then runs what it is told line by line; each answer is one line.
USER = """
    import sys
    from pathlib import Path
    from incidentdesk.embedded import servers
    from incidentdesk.embedded.layout import Layout

    layout = Layout(Path(sys.argv[1]))
    servers.acquire_postgres(layout)
    servers.acquire_redis(layout)

    def sql(words, role="app"):
        import psycopg2
        d = layout.database(role)
        with psycopg2.connect(dbname=d["NAME"], user=d["USER"], password=d["PASSWORD"],
                              host=d["HOST"], port=d["PORT"]) as connection:
            with connection.cursor() as cursor:
                cursor.execute(words)
                return cursor.fetchall() if cursor.description else None

    def cache():
        import redis
        return redis.Redis.from_url(layout.cache_url)

    def broker():
        import redis
        return redis.Redis(unix_socket_path=str(layout.redis_socket), db=0)

    print("ready", flush=True)
    for line in sys.stdin:
        print(eval(line), flush=True)
"""


def environment(**more: str) -> dict[str, str]:
    """Of a process with the embedded servers, wherever this test run has its own."""
    ours = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "DATA_DIR", "PORT", "EMAIL_URL")
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    return {**kept, "PYTHONPATH": str(ROOT), **more}


class User:
    """A process that uses the servers of a data folder until its input ends."""

    def __init__(self, data_dir: Path, *through: str) -> None:
        self.process = subprocess.Popen(
            [*through, sys.executable, "-c", textwrap.dedent(USER), str(data_dir)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=environment(),
        )

    def ready(self) -> "User":
        assert self._line() == "ready"
        return self

    def ask(self, expression: str) -> str:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{expression}\n")
        self.process.stdin.flush()
        return self._line()

    def leave(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        assert self.process.wait(timeout=60) == 0

    def _line(self) -> str:
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        line = self.process.stdout.readline().strip()
        assert line, self.process.stderr.read()
        return line


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """Below a folder that every account may enter, as a data folder usually is."""
    parent = Path(tempfile.mkdtemp(prefix="desk-", dir="/tmp"))
    parent.chmod(0o755)
    yield parent / "var"
    reset(parent / "var")
    shutil.rmtree(parent)


@pytest.fixture
def layout(data_dir: Path) -> Layout:
    return Layout(data_dir)


@pytest.fixture
def use(data_dir: Path) -> Iterator[Callable[[], User]]:
    """Starts users of the data folder; whoever is left at the end is ended."""
    users: list[User] = []

    def start() -> User:
        users.append(User(data_dir))
        return users[-1]

    yield start
    for user in users:
        user.process.kill()
        user.process.wait()
        for pipe in (user.process.stdin, user.process.stdout, user.process.stderr):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()


def reset(data_dir: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "incidentdesk.embedded.reset"],
        cwd=ROOT,
        env=environment(DATA_DIR=str(data_dir)),
        capture_output=True,
        text=True,
        check=False,
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
