"""Places at which a test may let a process die, fail or wait. All that there are stand here.

Off unless the environment names a folder in FAILPOINTS: a file there that is called like a place,
with `kill`, `raise` or `pause 5` (seconds) in it, is taken away by the first process that gets
there, which then does that. Without the folder a place costs one comparison.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

PLACES = {
    "intake.before_commit": "a delivery is handled and stored, and nothing is committed",
    "intake.committed": "a delivery is committed, and nobody has been answered",
    "escalation.stepping": "a step has queued its pages, and nothing is committed",
    "delivery.claimed": "the lease on a message is committed, and nothing is sent",
    "delivery.handed_over": "the server has taken a message, and that is not written down",
}
FOLDER = Path(os.environ["FAILPOINTS"]) if os.environ.get("FAILPOINTS") else None


class Reached(Exception):
    """What `raise` does at a place."""


def reach(place: str) -> None:
    """The work has come to this place."""
    if FOLDER is not None:
        _act(place, FOLDER / place)


def _act(place: str, file: Path) -> None:
    try:
        what, _, number = file.read_text().strip().partition(" ")
        file.unlink()
    except FileNotFoundError:  # nobody asked, or another process came first
        return
    if what == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif what == "pause":
        time.sleep(float(number))
    else:
        raise Reached(place)
