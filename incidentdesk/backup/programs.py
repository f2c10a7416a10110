"""PostgreSQL's own pg_dump and pg_restore, run as the owner of the tables."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connections

from incidentdesk.backup.errors import BackupError
from incidentdesk.embedded import placement
from incidentdesk.embedded import programs as embedded


def run(name: str, *words: str | Path) -> None:
    """Run one of the two on the desk's database. Raises with its last words if it fails."""
    where = owner()
    command = [_program(name), "--no-password", *map(str, words)]
    try:
        done = subprocess.run(  # noqa: S603 -- our own words
            command, env=_environment(where), capture_output=True, check=False
        )
    except OSError as error:
        raise BackupError(f"{name} cannot be run ({error.strerror}).") from error
    if done.returncode != 0:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        said = next((line for line in lines if "error:" in line), (lines or ["it said nothing"])[0])
        raise BackupError(f"{name} failed: {said.removeprefix(name).strip(' :')}")


def owner() -> dict[str, Any]:
    """The connection of the tables' owner; row-level security hides rows from everybody else."""
    if "owner" not in connections.databases:
        raise BackupError(
            "DATABASE_OWNER_URL is not set: a backup reads, and a restore writes, as the owner of "
            "the tables."
        )
    return dict(connections.databases["owner"])


def _program(name: str) -> str:
    if settings.EMBEDDED:  # the same version as the server that it comes with
        return str(embedded.postgres_programs(placement.of(settings.EMBEDDED)) / name)
    found = shutil.which(name)
    if found is None:
        raise BackupError(
            f"{name} is not installed: install PostgreSQL's client programs, of the server's "
            "version or newer (Debian: apt install postgresql-client)."
        )
    return found


def _environment(where: dict[str, Any]) -> dict[str, str]:
    """The connection as libpq's variables: a password never stands in a list of processes."""
    said = {
        "PGHOST": where.get("HOST"),
        "PGPORT": where.get("PORT"),
        "PGUSER": where.get("USER"),
        "PGPASSWORD": where.get("PASSWORD"),
        "PGDATABASE": where.get("NAME"),
        "PGSSLMODE": where.get("OPTIONS", {}).get("sslmode"),
        "PGSSLROOTCERT": where.get("OPTIONS", {}).get("sslrootcert"),
        "PGCONNECT_TIMEOUT": 10,
    }
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return ours | {name: str(value) for name, value in said.items() if value}
