"""The release before this one: where its tables stand, and its code out of the history."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
COMMIT = "d9f073d"
MIGRATIONS = {
    "cases": "0290",
    "partners": "0110",
    "notifications": "0152",
    "kernel": "0050",
    "reviews": "0002",
}


def code(folder: Path) -> Path:
    """Its files, in this folder; the test is skipped where the history does not hold it."""
    found = subprocess.run(
        ["git", "archive", "--format=tar", COMMIT], cwd=ROOT, capture_output=True, check=False
    )
    if found.returncode != 0:
        pytest.skip("this clone has no history to take the release before from")
    with tarfile.open(fileobj=io.BytesIO(found.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder
