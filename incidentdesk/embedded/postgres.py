"""One PostgreSQL server on one data folder: made, started, found alive, stopped.

Locks are not taken here; `servers` does that.
"""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

from incidentdesk.embedded import processes, programs
from incidentdesk.embedded.errors import EmbeddedError
from incidentdesk.embedded.layout import DATABASE, PORT
from incidentdesk.embedded.placement import Place

# `postgres` is the superuser; nothing of ours connects as it.
SETUP = (
    "ALTER ROLE postgres PASSWORD '{postgres}'",
    "CREATE ROLE desk_owner LOGIN CREATEDB CREATEROLE PASSWORD '{desk_owner}'",
    "CREATE ROLE desk_app LOGIN NOINHERIT PASSWORD '{desk_app}'",
    "CREATE ROLE partner_portal NOLOGIN",
    "GRANT partner_portal TO desk_owner WITH ADMIN OPTION",
    "GRANT partner_portal TO desk_app",
    f"CREATE DATABASE {DATABASE} OWNER desk_owner",
)
OPTIONS = {
    "listen_addresses": "",
    "port": PORT,
    "max_connections": "200",
    "shared_buffers": "128MB",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %u@%d ",
}


def running(place: Place) -> bool:
    """Alive and ready for connections."""
    return _pid(place) is not None and _told(place, 7).startswith("ready")


def start(place: Place) -> None:
    """Makes the cluster first if there is none; returns when connections are accepted."""
    binaries = programs.postgres_programs(place)
    if not place.postgres.exists():
        _make(place, binaries)
    child = None
    if _pid(place) is None:
        _clear_the_way(place)
        sockets = str(place.layout.socket_dir)
        options = OPTIONS | {"unix_socket_directories": sockets, "cluster_name": place.cluster}
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        with (place.layout.log_dir / "postgres.log").open("ab") as log:
            child = subprocess.Popen(
                [binaries / "postgres", "-D", place.postgres, *settings],
                stdout=log,
                stderr=log,
                start_new_session=True,
                **place.options(),
            )
        processes.remember(child)
    _wait(place, child)


def stop(place: Place) -> None:
    """A fast shutdown: open transactions are rolled back, everything committed is on disk."""
    pid = _pid(place)
    if pid is not None:
        processes.end(pid, place.postgres_sign, signal.SIGINT, seconds=30)


def _make(place: Place, binaries: Path) -> None:
    """The cluster with its roles and its database, renamed into place when it is whole.

    The roles are made in single-user mode, before any connection is possible.
    """
    draft = place.state / "postgres.new"
    shutil.rmtree(draft, ignore_errors=True)
    place.own(draft)
    encoding = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin"]
    identity = ["-U", "postgres", "--auth=reject", "--builtin-locale=C.UTF-8"]
    _run([binaries / "initdb", "-D", draft, *identity, *encoding], place)
    (draft / "pg_hba.conf").write_text("local all all scram-sha-256\n")
    secrets = {name: place.layout.secret(name) for name in ("postgres", "desk_owner", "desk_app")}
    setup = "".join(f"{line.format(**secrets)}\n" for line in SETUP)
    _run([binaries / "postgres", "--single", "-D", draft, "postgres"], place, setup)
    draft.rename(place.postgres)


def _run(command: list[str | Path], place: Place, words: str = "") -> None:
    options = place.options()
    del options["stdin"]
    done = subprocess.run(
        command, input=words, capture_output=True, text=True, check=False, **options
    )
    if done.returncode != 0 or "ERROR:" in done.stderr:
        last = (done.stderr.strip() or done.stdout.strip() or "no reason given").splitlines()[-1]
        raise EmbeddedError(
            f"The embedded PostgreSQL could not be set up under {place.state} ({last}): "
            "mend that, or set DATABASE_URL to a PostgreSQL of yours."
        )


def _pid(place: Place) -> int | None:
    pid = processes.pid_in(place.postgres / "postmaster.pid")
    return pid if pid and place.postgres_sign.fits(pid) else None


def _told(place: Place, line: int) -> str:
    """What the server wrote about itself into its pid file: line 4 the socket's, 7 its state."""
    try:
        return (place.postgres / "postmaster.pid").read_text().splitlines()[line]
    except (OSError, IndexError):
        return ""


def _clear_the_way(place: Place) -> None:
    """After a crash: nothing may still write to the folder, and no stale file may stop the start.

    A pid file that names a dead process is left to PostgreSQL, which then checks its shared memory.
    """
    processes.end_strays(place.postgres_sign, signal.SIGQUIT)
    pid_file = place.postgres / "postmaster.pid"
    pid = processes.pid_in(pid_file)
    if pid is None or processes.exists(pid):
        pid_file.unlink(missing_ok=True)
    place.own(place.layout.socket_dir)
    for name in (f".s.PGSQL.{PORT}", f".s.PGSQL.{PORT}.lock"):
        (place.layout.socket_dir / name).unlink(missing_ok=True)


def _wait(place: Place, child: "subprocess.Popen[bytes] | None") -> None:
    """Up to two minutes: after a crash it reads its log of writes first."""

    def settled() -> bool:
        return running(place) or (child is not None and child.poll() is not None)

    if not processes.wait_until(settled, seconds=2):
        print("PostgreSQL is starting …", file=sys.stderr, flush=True)
        processes.wait_until(settled, seconds=118)
    if not running(place):
        log = place.layout.log_dir / "postgres.log"
        words = log.read_text(errors="replace").strip().splitlines()[-1:] or ["it said nothing"]
        raise EmbeddedError(f"The embedded PostgreSQL did not start ({words[0]}): see {log}.")
    if _told(place, 4) != str(place.layout.socket_dir):
        raise EmbeddedError(
            f"The database under {place.layout.data_dir} was started by another user: "
            "run as that user, or set DATA_DIR to a folder of your own."
        )
