"""Runs the parts of the desk: one log with a prefix each, again when one dies, a clean end.

It knows nothing of what the parts do; `parts` lists them. It is single-threaded on purpose: the
kernel's parent-death signal follows the thread that started a process, not the program.
"""

import contextlib
import ctypes
import itertools
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

PR_SET_PDEATHSIG = 1
COLOURS = itertools.cycle((36, 33, 35, 32, 34, 31))
LONGEST_PAUSE = 30.0  # seconds before a part that keeps dying is tried again
STEADY = 60.0  # a part that lived this long starts afresh with a short pause
GRACE = 20.0  # seconds that the parts have to end by themselves


@dataclass
class Part:
    """One process of the desk."""

    name: str
    command: Sequence[str | Path]
    before: Callable[[], None] = lambda: None
    outlives_us: bool = False  # is not told to end when we are killed
    process: "subprocess.Popen[bytes] | None" = None
    started: float = 0.0
    again_at: float | None = None
    pause: float = 1.0
    log: int = -1  # where we read what it writes
    rest: bytes = b""
    colour: int = field(default_factory=lambda: next(COLOURS))


class Supervisor:
    """Keeps its parts running until it is told to stop."""

    def __init__(
        self, parts: Sequence[Part], *, environment: Mapping[str, str], folder: Path
    ) -> None:
        """`folder` is where the parts start, `environment` all that they are told."""
        self.parts = parts
        self.environment = dict(environment)
        self.folder = folder
        self.stopping = False
        self.impatient = False
        self._streams = selectors.DefaultSelector()
        self._width = max((len(part.name) for part in parts), default=0)

    def run(self, each_second: Callable[[], None]) -> None:
        """Starts every part and comes back after SIGINT, SIGTERM or SIGHUP, all parts ended."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._told_to_stop)
        try:
            for part in self.parts:
                self._start(part)
            next_second = time.monotonic()
            while not self.stopping:
                self._relay(0.2)
                self._revive()
                if time.monotonic() >= next_second:
                    each_second()
                    next_second = time.monotonic() + 1.0
        finally:
            self._end()

    def say(self, part: Part, words: str) -> None:
        """A line of the log, with the name of its part in front."""
        prefix = f"{part.name:<{self._width}} |"
        if sys.stdout.isatty():
            prefix = f"\033[{part.colour}m{prefix}\033[0m"
        with contextlib.suppress(OSError):  # whoever read our log went away
            print(prefix, words, flush=True)

    def _told_to_stop(self, number: int, frame: FrameType | None) -> None:
        self.impatient = self.stopping
        self.stopping = True

    def _start(self, part: Part) -> None:
        part.before()
        part.log, writer = os.pipe()
        os.set_blocking(part.log, False)
        part.process = subprocess.Popen(
            part.command,
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=writer,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=None if part.outlives_us else die_with(os.getpid()),
        )
        os.close(writer)
        self._streams.register(part.log, selectors.EVENT_READ, part)
        part.started, part.again_at = time.monotonic(), None

    def _relay(self, seconds: float) -> None:
        """Passes on whole lines of whatever the parts have written."""
        for key, _ in self._streams.select(seconds):
            part: Part = key.data
            try:
                data = os.read(key.fd, 65536)
            except BlockingIOError:
                continue
            if not data:
                self._streams.unregister(key.fileobj)
            *lines, part.rest = (part.rest + data).split(b"\n")
            for line in lines:
                if line.strip():
                    self.say(part, line.decode(errors="replace").rstrip())

    def _revive(self) -> None:
        now = time.monotonic()
        for part in self.parts:
            if part.again_at is not None and now >= part.again_at:
                self._start(part)
            elif part.process is not None and part.process.poll() is not None:
                self._bury(part, part.process)
                part.pause = 1.0 if now - part.started > STEADY else part.pause
                part.again_at = now + part.pause
                self.say(part, f"{_ending(part.process)}; it is started again in {part.pause:g} s")
                part.pause = min(part.pause * 2, LONGEST_PAUSE)
                part.process = None

    def _bury(self, part: Part, process: "subprocess.Popen[bytes]") -> None:
        """The rest of its log, and whatever the dead process has left of its family."""
        _kill_group(process)
        self._relay(0)
        with contextlib.suppress(KeyError):
            self._streams.unregister(part.log)
        os.close(part.log)

    def _end(self) -> None:
        """Asks them in the reverse order of their start, waits, and then does not ask any more."""
        living = [part for part in self.parts if part.process is not None]
        for part in reversed(living):
            if part.process is not None and part.process.poll() is None:
                part.process.terminate()
        deadline = time.monotonic() + GRACE
        while any(part.process and part.process.poll() is None for part in living):
            if self.impatient or time.monotonic() > deadline:
                break
            self._relay(0.1)
        for part in living:
            if part.process is not None:
                if part.process.poll() is None:
                    self.say(part, "did not end in time and was killed")
                    _kill_group(part.process)
                part.process.wait()
                self._bury(part, part.process)


def die_with(parent: int) -> Callable[[], None]:
    """For a child of ours: ends with us, even if we are killed. Linux only; elsewhere a no-op."""
    library = ctypes.CDLL(None) if sys.platform == "linux" else None

    def prepare() -> None:
        if library is not None:
            library.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != parent:
                os._exit(1)

    return prepare


def _kill_group(process: "subprocess.Popen[bytes]") -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _ending(process: "subprocess.Popen[bytes]") -> str:
    code = process.returncode
    if code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"
