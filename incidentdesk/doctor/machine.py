"""The machine that the doctor runs on: its clock, its disks, what it lacks."""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings

from incidentdesk.doctor.told import Told, warning, well, wrong
from incidentdesk.kernel import clocks, pdf, scanning, standing

APART = timedelta(seconds=2)  # two clocks that agree
GIGABYTE = 10**9
ENOUGH, LITTLE = 2 * GIGABYTE, GIGABYTE // 2  # bytes that are free
_NOT_KEPT = 5  # TIME_ERROR of adjtimex(2)


def clock() -> Iterator[Told]:
    """This clock beside the database's, by which the desk decides; and whether it is kept."""
    before, theirs, after = clocks.now(), clocks.database_now(), clocks.now()
    yield apart(theirs, before, after)
    if is_kept() is False:
        yield warning(
            "No time server keeps this machine's clock.",
            "Install chrony, or switch systemd-timesyncd on: timedatectl set-ntp true.",
        )


def apart(theirs: datetime, before: datetime, after: datetime) -> Told:
    """How far the database's clock is from ours, which was read before and after it."""
    off = clocks.apart(theirs, before, after)
    if off < APART:
        return well("The clocks of this machine and of the database agree.")
    said = f"The clocks of this machine and of the database are {off.total_seconds():.0f} s apart."
    do = "Let a time server keep both (chrony, systemd-timesyncd)."
    return wrong(said, do) if off > standing.TOO_FAR else warning(said, do)


def is_kept() -> bool | None:
    """Whether the kernel says that a time server keeps its clock; None if it says nothing."""
    if sys.platform != "linux":
        return None
    look = getattr(ctypes.CDLL(None), "adjtimex", None)
    state = look(ctypes.create_string_buffer(512)) if look else -1  # all zero: change nothing
    return None if state < 0 else state != _NOT_KEPT


def disk() -> Iterator[Told]:
    """Where the desk writes: that it may, and that there is room."""
    for name, folder in (("DATA_DIR", settings.DATA_DIR), ("MEDIA_ROOT", settings.MEDIA_ROOT)):
        yield room(name, Path(folder))


def scanner() -> Iterator[Told]:
    """Whoever looks for viruses answers."""
    if not scanning.is_on():
        yield well("Nobody looks for viruses in files that are taken in: CLAMAV_URL is not set.")
    elif why := scanning.trouble():
        said = f"The scanner at CLAMAV_URL does not answer ({why}): no file is taken in."
        yield wrong(said, "See that clamd runs and listens there.")
    else:
        yield well("Files that are taken in are looked at for viruses.")


def room(name: str, folder: Path) -> Told:
    """Whether a file can be written below `folder`, and how much is free there."""
    there = next(one for one in (folder, *folder.parents) if one.exists())
    try:
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(b"doctor")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return wrong(
            f"Nothing can be written to {folder} ({error.strerror}).",
            f"Give it to the desk's account, make room there, or set {name} to another folder.",
        )
    free = shutil.disk_usage(there).free
    said = f"{free / GIGABYTE:.1f} GB are free for {name}, {folder}."
    do = f"Make room, or set {name} to a folder on a larger disk."
    if free < LITTLE:
        return wrong(said, do)
    return warning(said, do) if free < ENOUGH else well(said)


def printing() -> Iterator[Told]:
    """Whether pages can be had as PDF."""
    if pdf.missing():
        yield warning(f"A PDF {pdf.MISSING}; all else works.", "Install these packages.")
    else:
        yield well("Pages can be had as PDF.")
