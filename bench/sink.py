"""The mail server of the benchmarks, a process of its own: `python -m bench.sink PORT FILE`.

It takes everything, and writes a line for each mail as it comes: the monotonic clock, the subject.
"""

from __future__ import annotations

import signal
import sys
import time
from email import message_from_bytes, policy
from pathlib import Path
from typing import TextIO, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class Sink:
    """What aiosmtpd asks."""

    def __init__(self, file: TextIO) -> None:
        """Lines go into `file`."""
        self._file = file

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Take one mail."""
        at = time.monotonic()
        head = cast(bytes, envelope.content).partition(b"\r\n\r\n")[0]
        subject = message_from_bytes(head, policy=policy.default)["Subject"]
        self._file.write(f"{at!r} {subject}\n")
        return "250 2.0.0 OK"


def main() -> None:
    """Until it is told to end."""
    port, path = int(sys.argv[1]), Path(sys.argv[2])
    with path.open("a", buffering=1) as file:
        controller = Controller(Sink(file), hostname="127.0.0.1", port=port)
        controller.start()
        signal.sigwait({signal.SIGTERM, signal.SIGINT})
        controller.stop()


if __name__ == "__main__":
    main()
