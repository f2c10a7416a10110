"""Is that server alive, and is it ours? A process id alone does not tell: ids are used again.

A server is known by its program and by words of ours in its command line; both are open to every
account. (Its working folder is not: root in a container may not look at another account's.)
"""

import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = ("postgres", "redis-server", "valkey-server")

# Servers that this process started: polled so that a dead one does not stay a zombie.
_started: dict[int, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True)
class Sign:
    """What tells the processes of one server from all others: a name, and its working folder."""

    name: str
    folder: Path

    def fits(self, pid: int) -> bool:
        """The process lives (is no zombie) and is this server or a child of its."""
        child = _started.get(pid)
        if child is not None and child.poll() is not None:
            del _started[pid]
            return False
        state, command = _seen(pid)
        program, _, rest = command.partition(" ")
        if state in ("Z", "X", "") or os.path.basename(program).rstrip(":") not in PROGRAMS:
            return False
        return names(self.name, rest) or _works_in(pid, self.folder)

    def living(self) -> Iterator[int]:
        """All processes that fit: a server, or what a killed one has left."""
        for pid in _all():
            if self.fits(pid):
                yield pid


def names(name: str, words: str) -> bool:
    """Whether `name` stands in `words` by itself.

    PostgreSQL's `desk-1a2b` also stands within Redis' `/run/incidentdesk-1a2b/redis.sock`.
    """
    return re.search(rf"(?<!\w){re.escape(name)}", words) is not None


def remember(process: subprocess.Popen[bytes]) -> None:
    """Keeps a child of ours, to notice when it dies."""
    _started[process.pid] = process


def forget() -> None:
    """After a fork: the children are the parent's."""
    for process in _started.values():
        process.returncode = 0  # keeps Python from warning about a child that is not ours
    _started.clear()


def pid_in(pid_file: Path) -> int | None:
    """The process id in the file's first line; None for a missing, empty or cut file."""
    try:
        pid = int(pid_file.read_text().splitlines()[0])
    except (OSError, ValueError, IndexError):
        return None
    return pid if pid > 1 else None


def exists(pid: int) -> bool:
    """Some process has this id, ours or not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether it came true in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def end(pid: int, sign: Sign, how: signal.Signals, seconds: float) -> None:
    """Asks, waits, and then does not ask any more."""
    for step in (how, signal.SIGKILL):
        if not sign.fits(pid):
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, step)
        if wait_until(lambda: not sign.fits(pid), seconds):
            return


def end_strays(sign: Sign, how: signal.Signals) -> None:
    """Ends what is left after a server was killed or its pid file lost.

    A database must not be started beside a left-over process that still writes to it.
    """
    for step in (how, signal.SIGKILL):
        for pid in list(sign.living()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, step)
        if wait_until(lambda: not any(sign.living()), seconds=5):
            return


def _seen(pid: int) -> tuple[str, str]:
    """State and command line as every account may see them; empty for no such process."""
    if not Path("/proc/self").exists():
        command = ["ps", "-o", "stat=,command=", "-p", str(pid)]
        found = subprocess.run(command, capture_output=True, text=True, check=False)
        state, _, words = found.stdout.strip().partition(" ")
        return state[:1], words.strip()
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
    except OSError:
        return "", ""
    return state, os.fsdecode(line)


def _works_in(pid: int, folder: Path) -> bool:
    """For a Redis that writes another title over its command line.

    A server may outlive its folder for a while, after `rm -rf`.
    """
    try:
        return os.readlink(f"/proc/{pid}/cwd") in (str(folder), f"{folder} (deleted)")
    except OSError:
        return False


def _all() -> list[int]:
    if Path("/proc/self").exists():
        return [int(entry.name) for entry in Path("/proc").glob("[0-9]*")]
    found = subprocess.run(["ps", "-axo", "pid="], capture_output=True, text=True, check=False)
    return [int(pid) for pid in found.stdout.split()]
