"""The files of evidence on disk: written whole, hashed while they arrive, never changed.

A file lies under its key, which no person chooses; the name that it came with is for display only.
Which rows there are, `cases.evidence` knows.
"""

from __future__ import annotations

import hashlib
import io
import os
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings

from incidentdesk.kernel.errors import Conflict, InvalidInput

CHUNK = 256 * 1024
NAME_LENGTH = 120
NO_ROOM = (
    "The file could not be kept: the folder for evidence is full or cannot be written; nothing "
    "was stored. Tell an administrator, and keep the file until then."
)
GONE = "The file of “{}” is not where it was kept; tell an administrator at once."


@dataclass(frozen=True)
class Stored:
    """What arrived."""

    size: int
    sha256: str


def folder() -> Path:
    """Where evidence lies."""
    return Path(settings.MEDIA_ROOT) / "evidence"


def path_of(key: UUID) -> Path:
    """Where the file of this key lies."""
    return folder() / key.hex[:2] / key.hex


def store(key: UUID, chunks: Iterable[bytes], *, most: int, too_large: str) -> Stored:
    """Write a file beside its place, then move it there; a failure leaves nothing behind."""
    place = path_of(key)
    part = place.with_suffix(".part")
    try:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        stored = _write(part, chunks, most=most, too_large=too_large)
        part.rename(place)
        _settle(place.parent)
    except OSError as error:
        _unlink(part)
        raise Conflict(NO_ROOM) from error
    except BaseException:
        _unlink(part)
        raise
    return stored


def _write(part: Path, chunks: Iterable[bytes], *, most: int, too_large: str) -> Stored:
    size, digest = 0, hashlib.sha256()
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        for chunk in chunks:
            size += len(chunk)
            if size > most:  # whatever size was announced
                raise InvalidInput(too_large)
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    return Stored(size, digest.hexdigest())


def _settle(directory: Path) -> None:
    """Let the disk know the new name before a row speaks of it."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove(key: UUID) -> None:
    """Take away a file that no row will speak of."""
    _unlink(path_of(key))


def _unlink(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:  # the folder itself is gone or unreadable: the sweep comes again
        return


def read(key: UUID) -> Iterator[bytes]:
    """The file, piece by piece. Raises OSError if it is not there."""
    with path_of(key).open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def sha256(key: UUID) -> str:
    """The hash of what lies there now, or '' if nothing can be read."""
    digest = hashlib.sha256()
    try:
        for chunk in read(key):
            digest.update(chunk)
    except OSError:
        return ""
    return digest.hexdigest()


def old_files(*, before: datetime) -> Iterator[list[Path]]:
    """Files that were written before this time, folder by folder, half-written ones too."""
    for shelf in sorted(folder().glob("[0-9a-f][0-9a-f]")):
        found = [file for file in shelf.iterdir() if file.stat().st_mtime < before.timestamp()]
        if found:
            yield found


def shown_name(name: str) -> str:
    """A file name for display: its last part, without what steers a screen or a header."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    plain = "".join(c for c in unicodedata.normalize("NFC", last) if _is_plain(c))
    plain = " ".join(plain.split()).lstrip(". ")
    stem, dot, ending = plain.rpartition(".")
    if len(plain) > NAME_LENGTH and dot and len(ending) <= 12:
        plain = f"{stem[: NAME_LENGTH - len(ending) - 1]}.{ending}"
    return plain[:NAME_LENGTH] or "file"


def _is_plain(character: str) -> bool:
    """Neither a control or format character (bidi overrides among them) nor a quote or slash."""
    return unicodedata.category(character)[0] != "C" and character not in '"<>|:*?'


class _Pipe(io.RawIOBase):
    """What a zip is written into and taken out of again, piece by piece."""

    def __init__(self) -> None:
        self.held = bytearray()

    def writable(self) -> bool:
        """Written to only; it cannot be sought in, so that the zip is written in one pass."""
        return True

    def write(self, data: Any) -> int:
        """Hold it until it is taken."""
        self.held += data
        return len(data)

    def take(self) -> bytes:
        """What was written since."""
        taken, self.held = bytes(self.held), bytearray()
        return taken


def zipped(manifest: bytes, files: Iterable[tuple[str, UUID]]) -> Iterator[bytes]:
    """A zip with `manifest.json` first and then the files, made while it is read."""
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", manifest)
        for name, key in files:
            with archive.open(name, "w", force_zip64=True) as entry:
                for chunk in read(key):
                    entry.write(chunk)
                    yield pipe.take()
    yield pipe.take()
