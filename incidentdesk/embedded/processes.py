"""Is that server alive, and is it ours? By process id and working folder, never by name alone.

Both servers change into their data folder, so a process that works there is one of ours; a pid
file that names anything else is stale.
"""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

# Servers that this process started: polled so that a dead one does not stay a zombie.
_started: dict[int, subprocess.Popen[bytes]] = {}


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


def works_in(pid: int, folder: Path) -> bool:
    """The process lives (is no zombie) and has this folder as its working folder."""
    child = _started.get(pid)
    if child is not None and child.poll() is not None:
        del _started[pid]
        return False
    if not Path("/proc/self").exists():
        return _works_in_by_ps(pid, folder)
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        folders = (str(folder), f"{folder} (deleted)")  # a server outlives `rm -rf` for a while
        return state not in "ZX" and os.readlink(f"/proc/{pid}/cwd") in folders
    except OSError:
        return False


def _works_in_by_ps(pid: int, folder: Path) -> bool:
    """Where there is no /proc: both servers carry their folder in the command line."""
    found = subprocess.run(
        ["ps", "-o", "stat=,command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return str(folder) in found.stdout and not found.stdout.lstrip().startswith("Z")


def workers_in(folder: Path) -> Iterator[int]:
    """All living processes whose working folder it is: a server's orphans, or a lost server."""
    for entry in Path("/proc").glob("[0-9]*"):
        pid = int(entry.name)
        if pid != os.getpid() and works_in(pid, folder):
            yield pid


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether it came true in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def end(pid: int, folder: Path, how: signal.Signals, seconds: float) -> None:
    """Asks, waits, and then does not ask any more."""
    for step in (how, signal.SIGKILL):
        if not works_in(pid, folder):
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, step)
        if wait_until(lambda: not works_in(pid, folder), seconds):
            return


def end_strays(folder: Path, how: signal.Signals) -> None:
    """Ends what still works in the folder after its server was killed or its pid file lost.

    A database must not be started beside a left-over process that still writes to it.
    """
    for pid in list(workers_in(folder)):
        end(pid, folder, how, seconds=5)
