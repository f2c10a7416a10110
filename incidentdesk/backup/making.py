"""Making a backup: the database at one moment, then the files, whose rows it holds.

The desk goes on meanwhile. A file is on disk before the row that names it, so that files copied
after the moment are all that its rows ask for.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from incidentdesk.backup import archive, contents, keys, programs
from incidentdesk.backup.progress import Progress
from incidentdesk.kernel import audit, snapshot
from incidentdesk.kernel.access import SYSTEM


def make(path: Path, *, progress: Progress, at: datetime) -> tuple[dict[str, Any], int]:
    """Write a backup to a new file; answers what it says about itself, and how many files it holds.

    Raises BackupError.
    """
    number = 0
    with archive.written(path) as writer, tempfile.TemporaryDirectory(dir=path.parent) as work:
        dump = Path(work) / archive.DATABASE
        told = _database(dump, progress)
        writer.text(archive.ABOUT, json.dumps(told, indent=1))
        writer.file(archive.DATABASE, dump)
        dump.unlink()
        progress.begin("Its files")
        for number, (name, file) in enumerate(_files(), start=1):
            writer.file(archive.FILES + name, file)
            progress.reached(number, "files")
    audit.record(by=SYSTEM, at=at, action="made a backup", about="desk", made_at=told["made_at"])
    return told, number


def _database(dump: Path, progress: Progress) -> dict[str, Any]:
    """Dump and count what is there at one moment."""
    roles = contents.roles()
    with snapshot.one_moment():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_export_snapshot(), now()")
            moment, made_at = cursor.fetchone()
        progress.begin("The database")
        programs.run("pg_dump", "--format=custom", f"--snapshot={moment}", f"--file={dump}")
        counted = contents.counts(connection)
    return _about(made_at, roles, counted)


def _about(made_at: datetime, roles: dict[str, str], counted: dict[str, int]) -> dict[str, Any]:
    return {
        "format": archive.FORMAT,
        "migrations": contents.migrations(),
        "made_at": made_at.isoformat(),
        "site": settings.SITE_URL,
        "key": keys.mark(settings.SECRET_KEY),
        "roles": roles,
        "counts": counted,
    }


def _files() -> Iterator[tuple[str, Path]]:
    """Every file that is kept, by its name under the folder; no row names one half written."""
    root = Path(settings.MEDIA_ROOT)
    for folder, folders, names in os.walk(root):
        folders.sort()
        for name in sorted(names):
            path = Path(folder) / name
            if path.is_file() and not path.is_symlink() and path.suffix != ".part":
                yield path.relative_to(root).as_posix(), path
