"""Who uses the servers of a data folder, and so when they start and stop.

Every process that uses a server holds a shared lock on `users.lock`; the kernel drops it when the
process ends, however it ends. Starting and stopping happens under an exclusive lock on
`start.lock`. The last user to leave stops both servers; if it could not (it was killed), the next
user finds them running, and stops them when it leaves.
"""

import atexit
import contextlib
import fcntl
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from incidentdesk.embedded import placement, postgres, processes, redis
from incidentdesk.embedded.errors import EmbeddedError
from incidentdesk.embedded.layout import Layout
from incidentdesk.embedded.placement import Place

_uses: dict[Path, tuple[Place, int]] = {}  # by data folder; the number is the lock's descriptor
_guard = threading.RLock()


def acquire_postgres(layout: Layout) -> None:
    """PostgreSQL runs when this returns, and goes on at least until this process ends."""
    _acquire(layout, postgres)


def acquire_redis(layout: Layout) -> None:
    """The same for Redis."""
    _acquire(layout, redis)


def release(layout: Layout, *, patience: float = 0.0) -> None:
    """This process needs the servers no longer; the last one to say so stops them.

    With patience (seconds), it first waits for the others to leave.
    """
    with _guard:
        use = _uses.pop(layout.data_dir, None)
        if use is None:
            return
        place, users = use
        end = time.monotonic() + patience
        try:
            while True:
                with start_lock(layout):
                    if alone(users):
                        stop(place)
                        return
                if time.monotonic() >= end:
                    return
                time.sleep(0.3)
        finally:
            os.close(users)


def stop(place: Place) -> None:
    """Stops both. With the start lock held and no other user left."""
    redis.stop(place)
    postgres.stop(place)
    with contextlib.suppress(OSError):  # not empty: a server did not end
        place.layout.socket_dir.rmdir()


@contextlib.contextmanager
def start_lock(layout: Layout) -> Iterator[None]:
    """Nobody else starts, stops or wipes the servers of this data folder meanwhile."""
    layout.make_data_dir()
    descriptor = _open_locked(layout.data_dir / "start.lock", fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(descriptor)


def open_users(layout: Layout) -> int:
    """The descriptor of a shared lock that says: I use the servers. With the start lock held."""
    return _open_locked(layout.data_dir / "users.lock", fcntl.LOCK_SH)


def alone(users: int) -> bool:
    """Whether the holder of this lock is the only user. With the start lock held."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        fcntl.flock(users, fcntl.LOCK_SH)  # a refused upgrade drops the lock
        return False
    return True


def _acquire(layout: Layout, server: ModuleType) -> None:
    """A look at the process table if we use it already; else, or if it died, the long way."""
    with _guard:
        use = _uses.get(layout.data_dir)
        if use and server.running(use[0]):
            return
        with start_lock(layout):
            if use is None:
                for folder in (layout.log_dir, layout.mail_dir, layout.media_dir):
                    folder.mkdir(mode=0o700, exist_ok=True)
                use = (placement.of(layout), open_users(layout))
                _uses[layout.data_dir] = use
            server.start(use[0])


def _open_locked(path: Path, kind: int) -> int:
    """Locks the file that has this name once the lock is ours: a reset may have wiped another."""
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except PermissionError as error:
            raise EmbeddedError(
                f"{path} belongs to another user: run as that user, "
                "or set DATA_DIR to a folder of your own."
            ) from error
        fcntl.flock(descriptor, kind)
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                return descriptor
        os.close(descriptor)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)


def _release_all() -> None:
    for place, _ in list(_uses.values()):
        with contextlib.suppress(EmbeddedError, OSError):
            release(place.layout)


def _after_fork() -> None:
    """The use is the parent's. The child's copy of the lock would outlive it: closed."""
    global _guard
    _guard = threading.RLock()
    for _, users in _uses.values():
        os.close(users)
    _uses.clear()
    processes.forget()


atexit.register(_release_all)
os.register_at_fork(after_in_child=_after_fork)
