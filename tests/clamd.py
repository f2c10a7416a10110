"""A real clamd with a list of one virus, which a test wrote."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from tests.servers import account, folder_of, running

CLAMD = shutil.which("clamd") or shutil.which("/usr/sbin/clamd")
VIRUS = b"a report, and in it DESK-TEST-VIRUS-4711, which is none"
NAME = "Desk.Test.UNOFFICIAL"


@contextmanager
def clamd(most: str = "100M") -> Iterator[str]:
    """It listens on a socket; answers its path."""
    with folder_of("postgres") as folder:
        words = VIRUS.split()[5].rstrip(b",").hex()
        (folder / "own.ndb").write_text(f"Desk.Test:0:*:{words}\n")
        place = folder / "clamd.ctl"
        (folder / "clamd.conf").write_text(
            f"LocalSocket {place}\nDatabaseDirectory {folder}\nForeground yes\n"
            f"LogFile {folder}/log\nStreamMaxLength {most}\n"
        )
        command = [CLAMD, "--config-file", folder / "clamd.conf"]
        with running(command, place.exists, **account("postgres")):
            place.chmod(0o666)
            yield str(place)
