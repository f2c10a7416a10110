"""What comes in at the mail server of the benchmarks."""

from __future__ import annotations

import contextlib
import smtplib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.scratch import ROOT, Stack, free_port


class Mailbox:
    """What has come at the mail server."""

    def __init__(self, port: int, file: Path) -> None:
        """The server on `port` writes what comes into `file`."""
        self.port, self._file, self._read, self._half = port, file, 0, b""
        self.came: dict[str, float] = {}  # subject → the monotonic clock

    @classmethod
    @contextlib.contextmanager
    def running(cls, stack: Stack) -> Iterator[Mailbox]:
        """Until the block ends."""
        port, file = free_port(), stack.layout.log_dir / "mails"
        file.touch()
        command = [sys.executable, "-m", "bench.sink", str(port), str(file)]
        with subprocess.Popen(command, cwd=ROOT) as process:
            try:
                box = cls(port, file)
                until(box.listens, "the mail server of the benchmark did not start")
                yield box
            finally:
                process.terminate()

    def listens(self) -> bool:
        """Whether it takes mail by now."""
        with contextlib.suppress(OSError), smtplib.SMTP("127.0.0.1", self.port, timeout=2):
            return True
        return False

    def look(self) -> dict[str, float]:
        """All that has come."""
        with self._file.open("rb") as file:
            file.seek(self._read)
            new = self._half + file.read()
            self._read = file.tell()
        *lines, self._half = new.split(b"\n")
        for line in lines:
            at, _, subject = line.decode().partition(" ")
            self.came.setdefault(subject, float(at))
        return self.came

    def about(self, words: str) -> list[float]:
        """When the mails came whose subject holds these words."""
        return [at for subject, at in self.look().items() if words in subject]


def until(met: Callable[[], bool], words: str, *, every: float = 0.05) -> None:
    """Until `met()`, two minutes at most; fails with these words."""
    ends = time.monotonic() + 120
    while not met():
        if time.monotonic() > ends:
            raise RuntimeError(f"{words}; mend bench.")
        time.sleep(every)
