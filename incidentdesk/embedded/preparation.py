"""What must be done before the desk's processes start: migrate, collect static files, demo data.

Each step looks first whether there is anything to do, so that a second start is quick.
"""

import contextlib
import hashlib
import os
import subprocess
import sys
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from incidentdesk.embedded.errors import EmbeddedError
from incidentdesk.embedded.supervisor import die_with


def say(words: str) -> None:
    """To the person at the terminal, at once."""
    with contextlib.suppress(BrokenPipeError):  # whoever read our log went away
        print(words, flush=True)


def migrate() -> None:
    """Brings the tables up to date, as their owner; at run time nothing may change a table."""
    alias = "owner" if "owner" in settings.DATABASES else "default"
    executor = MigrationExecutor(connections[alias])
    waiting = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    connections[alias].close()
    if not waiting:
        return
    if alias == "default":
        say(
            f"{waiting} migrations are not applied and DATABASE_OWNER_URL is not set: set it "
            "and run `python manage.py migrate --database owner`; the desk starts without them."
        )
        return
    say(f"Migrating the database ({waiting} steps) …")
    call_command("migrate", database=alias, interactive=False, verbosity=1)
    connections[alias].close()


def collect_static(work: Path) -> None:
    """Collects only if a source file is new or changed since the last time."""
    stamp = work / "static-collected"
    sources = _static_sources()
    if stamp.exists() and stamp.read_text() == sources and Path(settings.STATIC_ROOT).exists():
        return
    say("Collecting static files …")
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    stamp.write_text(sources)


def load_demo(folder: Path) -> None:
    """Runs `load_demo` with its output shown. Raises if it failed."""
    say("Loading the demo data (on the first start only) …")
    process = subprocess.Popen(
        [sys.executable, "manage.py", "load_demo"],
        cwd=folder,
        env=os.environ,
        stdin=subprocess.DEVNULL,
        start_new_session=True,  # a Ctrl-C is for us; we end it
        preexec_fn=die_with(os.getpid()),
    )
    try:
        code = process.wait()
    finally:
        process.terminate()
        process.wait()
    if code != 0:
        raise EmbeddedError(
            "The demo data could not be loaded (the reason is above): "
            "start with --no-demo for an empty desk, or `make reset` and try again."
        )


def _static_sources() -> str:
    """One line that changes whenever a static file of the project or of a package does."""
    digest = hashlib.sha256(str(settings.STATIC_ROOT).encode())
    for finder in get_finders():
        for path, storage in finder.list([]):
            found = os.stat(storage.path(path))
            digest.update(f"{path} {found.st_size} {found.st_mtime_ns}\n".encode())
    return digest.hexdigest()
