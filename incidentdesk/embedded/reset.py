"""`make reset`: stops the servers of a data folder that nobody uses, and wipes the folder.

    python -m incidentdesk.embedded.reset      (DATA_DIR says which folder; else `var/`)

Needs the standard library only, so that it works where nothing is installed.
"""

import fcntl
import os
import shutil
import sys
from pathlib import Path

from incidentdesk.embedded import placement, servers
from incidentdesk.embedded.errors import EmbeddedError
from incidentdesk.embedded.layout import Layout

DEFAULT = Path(__file__).resolve().parents[2] / "var"

# What the desk makes in a data folder. In a folder that somebody named, nothing else is touched.
OURS = (
    *("desk.lock", "start.lock", "users.lock", "secrets.json", "servers-at", "work", "log", "run"),
    *("postgres", "postgres.new", "redis", "programs", "mail", "media", "static"),
)


def reset(layout: Layout) -> str:
    """Wipes the data folder and what lies elsewhere for it; says what it did."""
    somewhere = list(placement.shelved(layout.data_dir))
    if not layout.data_dir.exists() and not somewhere:
        return f"There is nothing to wipe: {layout.data_dir} does not exist."
    existed = layout.data_dir.exists()
    if existed and not any((layout.data_dir / name).exists() for name in OURS):
        raise EmbeddedError(f"{layout.data_dir} is no data folder of the desk: nothing was wiped.")
    with servers.start_lock(layout):
        users = servers.open_users(layout)
        try:
            if not servers.alone(users) or _desk_runs(layout):
                raise EmbeddedError(
                    f"{layout.data_dir} is in use: stop the desk (or the command or test run) "
                    "that uses it, then reset again."
                )
            _wipe(layout)
        finally:
            os.close(users)
    left = sorted(entry.name for entry in layout.data_dir.iterdir())
    if left:
        return f"Wiped {layout.data_dir}, except what the desk did not make: {', '.join(left)}."
    layout.data_dir.rmdir()
    return f"Wiped {layout.data_dir}."


def _desk_runs(layout: Layout) -> bool:
    """A desk on servers of its owner's uses the folder without using ours."""
    lock = layout.data_dir / "desk.lock"
    if not lock.exists():
        return False
    with lock.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _wipe(layout: Layout) -> None:
    for folder in {*placement.shelved(layout.data_dir), layout.data_dir}:
        placement.end_servers(placement.Place(layout, folder))
        if folder != layout.data_dir:
            shutil.rmtree(folder)
    shutil.rmtree(layout.socket_dir, ignore_errors=True)
    everything = layout.data_dir == DEFAULT
    for entry in list(layout.data_dir.iterdir()):
        if everything or entry.name in OURS:
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()


def main() -> None:
    """The command: one sentence, whatever happens."""
    layout = Layout(Path(os.environ.get("DATA_DIR") or DEFAULT))
    try:
        print(reset(layout))
    except EmbeddedError as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(f"{error.filename} could not be wiped ({error.strerror}): run as its owner.")


if __name__ == "__main__":
    main()
