"""One Redis server on one data folder: started, found alive, stopped.

It keeps a log of its writes, so that a killed server loses nothing that it has acknowledged.
Locks are not taken here; `servers` does that.
"""

import contextlib
import signal
import socket
import subprocess
import sys
from pathlib import Path

from incidentdesk.embedded import processes, programs
from incidentdesk.embedded.errors import EmbeddedError
from incidentdesk.embedded.layout import Layout
from incidentdesk.embedded.placement import Place

OPTIONS = {
    "port": "0",
    "unixsocketperm": "700",
    "appendonly": "yes",
    "appendfsync": "everysec",
    "save": "",
    "maxmemory-policy": "noeviction",
    "databases": "8",
}


def running(place: Place) -> bool:
    """Alive; it may still be reading its log of writes."""
    return _pid(place) is not None


def start(place: Place) -> None:
    """Returns when it answers a PING, its log of writes read."""
    child = None
    if _pid(place) is None:
        program = programs.redis_program(place)
        place.own(place.redis)
        place.own(place.layout.socket_dir)
        processes.end_strays(place.redis_sign, signal.SIGTERM)
        place.layout.redis_socket.unlink(missing_ok=True)
        with (place.layout.log_dir / "redis.log").open("ab") as log:
            child = subprocess.Popen(
                [program, *_arguments(place)],
                stdout=log,
                stderr=log,
                start_new_session=True,
                **place.options(),
            )
        processes.remember(child)
    _wait(place.layout, child)


def stop(place: Place) -> None:
    """A clean shutdown, its log of writes on disk."""
    pid = _pid(place)
    if pid is not None:
        processes.end(pid, place.redis_sign, signal.SIGTERM, seconds=15)


def _arguments(place: Place) -> list[str]:
    options = OPTIONS | {
        "unixsocket": str(place.layout.redis_socket),
        "dir": str(place.redis),
        "pidfile": str(_pid_file(place)),
    }
    return [part for name, value in options.items() for part in (f"--{name}", value)]


def _pid_file(place: Place) -> Path:
    return place.redis / "redis.pid"


def _pid(place: Place) -> int | None:
    pid = processes.pid_in(_pid_file(place))
    return pid if pid and place.redis_sign.fits(pid) else None


def _answers(address: Path) -> bool:
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(2)
        connection.connect(str(address))
        connection.sendall(b"PING\r\n")
        return connection.recv(64).startswith(b"+PONG")
    return False


def _wait(layout: Layout, child: "subprocess.Popen[bytes] | None") -> None:
    def settled() -> bool:
        return _answers(layout.redis_socket) or (child is not None and child.poll() is not None)

    if not processes.wait_until(settled, seconds=2):
        print("Redis is starting …", file=sys.stderr, flush=True)
        processes.wait_until(settled, seconds=58)
    if not _answers(layout.redis_socket):
        log = layout.log_dir / "redis.log"
        words = log.read_text(errors="replace").strip().splitlines()[-1:] or ["it said nothing"]
        raise EmbeddedError(f"The embedded Redis did not start ({words[0]}): see {log}.")
