"""What the desk consists of when it runs: the commands of its processes."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

from incidentdesk.embedded.errors import EmbeddedError
from incidentdesk.embedded.supervisor import Part

# What `--processes` calls them; `worker` is three: nothing that is slow may delay a page,
# and other people's servers, which webhooks and questions to a Prometheus wait for, delay no work
# of ours.
PROCESSES = ("web", "worker", "beat", "auditor", "mail")
QUEUES = {"pager": "page", "worker": "default", "caller": "webhooks"}  # of those three
ALWAYS = PROCESSES[:4]  # mail is taken in where it was asked for, and in the demo


def chosen(names: str) -> list[str]:
    """The processes that a comma-separated list names, in the order of their start."""
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    unknown = [name for name in wanted if name not in PROCESSES]
    if unknown or not wanted:
        known = ", ".join(PROCESSES)
        what = f"no process called {unknown[0]}" if unknown else "nothing to run"
        raise EmbeddedError(f"There is {what}: --processes takes any of {known}.")
    return [name for name in PROCESSES if name in wanted]


def parts(processes: list[str], *, port: int, work: Path, embedded: bool) -> list[Part]:
    """In the order of their start; they are ended the other way round."""
    here = f"127.0.0.1:{port}"
    known = commands(bind=here, web=here if "web" in processes else "", work=work)
    pid_file = work / "beat.pid"
    before: dict[str, Callable[[], None]] = {
        # The lock on the data folder has made sure that no other beat runs: the file is stale.
        "beat": lambda: pid_file.unlink(missing_ok=True)
    }
    made: list[Part] = []
    if embedded:
        keeper = [sys.executable, "-m", "incidentdesk.embedded.keeper"]
        made.append(Part("keeper", keeper, outlives_us=True))
    for name, command in known.items():
        if ("worker" if name in QUEUES else name) in processes:
            run = [sys.executable, *command[1:]]
            made.append(Part(name, run, before=before.get(name, lambda: None)))
    return made


def commands(*, bind: str, web: str, work: Path) -> dict[str, list[str]]:
    """What every process is started with, by its name, in the order of their start.

    The web listens at `bind`; the auditor asks for it at `web`, or does not; beat keeps two files
    in `work`. Containers and units start the same: a test holds them against this.
    """
    return {
        **{name: worker_command(name) for name in QUEUES},
        "web": _web(bind),
        "beat": _celery("beat", *_beat_files(work), "-l", "WARNING"),
        "auditor": ["python", "manage.py", "audit", *(["--web", web] if web else [])],
        "mail": ["python", "manage.py", "receive_mail"],
    }


def _web(bind: str) -> list[str]:
    command = ["python", "-m", "gunicorn", "incidentdesk.wsgi:application"]
    command += ["--bind", bind, "--no-control-socket", "--log-level", "warning"]
    command += ["--worker-class", "gthread", "--workers", "2", "--threads", "4"]
    command += ["--timeout", "60", "--graceful-timeout", "10"]
    if os.access("/dev/shm", os.W_OK):  # noqa: S108 -- its heartbeat must not wait for a disk
        command += ["--worker-tmp-dir", "/dev/shm"]  # noqa: S108
    return command


def _celery(*arguments: str) -> list[str]:
    return ["python", "-m", "celery", "-q", "-A", "incidentdesk.celery", *arguments]


def worker_command(name: str) -> list[str]:
    """Of the worker of that name, which takes its own queue and nothing else."""
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "WARNING"]
    return _celery("worker", "-Q", QUEUES[name], "-c", "1", "-n", f"{name}@%h", *quiet)


def _beat_files(work: Path) -> list[str]:
    return ["--schedule", str(work / "beat-schedule"), "--pidfile", str(work / "beat.pid")]
