"""Servers of a test's own, as a machine has them: PostgreSQL, Redis, whatever else is installed."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.sinks import free_port

POSTGRES = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))), None)


def account(name: str) -> dict[str, Any]:
    """How a process is run as somebody else than root, who may not run most servers."""
    if os.geteuid() != 0:
        return {}
    known = pwd.getpwnam(name)
    return {"user": known.pw_uid, "group": known.pw_gid, "extra_groups": []}


@contextmanager
def folder_of(name: str) -> Iterator[Path]:
    """A folder that this account can use, for as long as the block runs."""
    made = Path(tempfile.mkdtemp(prefix="desk-", dir="/tmp"))
    made.chmod(0o755)
    who = account(name)
    if who:
        os.chown(made, who["user"], who["group"])
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@contextmanager
def running(command: list[Any], is_ready: Callable[[], bool], **options: Any) -> Iterator[None]:
    """A server, from when it answers until the block ends."""
    process = subprocess.Popen(
        [str(word) for word in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        cwd="/tmp",
        **options,
    )
    until = time.monotonic() + 60.0
    try:
        while not is_ready():
            if process.poll() is not None or time.monotonic() > until:
                process.kill()
                out = process.communicate()[0].decode(errors="replace")
                raise AssertionError(f"{command[0]} does not start: {out[-2000:]}")
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        assert process.stdout is not None
        process.stdout.close()


@contextmanager
def postgres(**options: Any) -> Iterator[int]:
    """A new and empty PostgreSQL, with a superuser `postgres` whom it trusts; answers its port."""
    assert POSTGRES is not None
    who = account("postgres")
    with folder_of("postgres") as folder:
        make = [POSTGRES.with_name("initdb"), "-D", folder / "data", "-U", "postgres"]
        make += ["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
        subprocess.run(make, check=True, capture_output=True, cwd="/tmp", **who)
        port = free_port()
        given = {"port": port, "listen_addresses": "127.0.0.1", "fsync": "off", **options}
        given["unix_socket_directories"] = folder
        said = [word for name, value in given.items() for word in ("-c", f"{name}={value}")]
        ask = [POSTGRES.with_name("pg_isready"), "-h", folder, "-p", str(port)]
        with running(
            [POSTGRES, "-D", folder / "data", *said],
            lambda: subprocess.run(ask, capture_output=True).returncode == 0,
            **who,
        ):
            yield port
