"""The files of evidence, on disk or in a bucket: whole, hashed as they arrive, never changed.

A file lies under its key, which no person chooses; the name that it came with is for display only.
Which rows there are, `cases.evidence` knows.
"""

from __future__ import annotations

import hashlib
import io
import os
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.files.storage import storages

from incidentdesk.kernel import audit, scanning
from incidentdesk.kernel.access import Actor
from incidentdesk.kernel.errors import Conflict, InvalidInput

CHUNK = 256 * 1024
NAME_LENGTH = 120
NO_ROOM = (
    "The file could not be kept: the folder for evidence is full or cannot be written; nothing "
    "was stored. Tell an administrator, and keep the file until then."
)
INFECTED = "refused a file with a virus"
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
    """Where the file of this key lies, or is written before it goes into the bucket."""
    return folder() / key.hex[:2] / key.hex


def _bucket() -> Any:
    """The bucket (`cases.bucket`) in which files are kept, or None where they lie in the folder."""
    return storages["evidence"] if "evidence" in settings.STORAGES else None


def _named(name: str) -> str:
    """The name in the bucket of what would lie under this name, `4f/4f01…`, in the folder."""
    return f"evidence/{name}"


def _name(key: UUID) -> str:
    return f"{key.hex[:2]}/{key.hex}"


@contextmanager
def infection_told(by: Actor, *, at: datetime) -> Iterator[None]:
    """A file in which a virus was found is on the audit trail, though nothing else of it stays.

    Not its name: whoever reads the trail may not know the incident that it was meant for.
    """
    try:
        yield
    except scanning.Infected as found:
        audit.record_apart(actor=by, at=at, action=INFECTED, about="upload", virus=found.virus)
        raise


def store(key: UUID, chunks: Iterable[bytes], *, most: int, too_large: str) -> Stored:
    """Write a file beside its place, then move it there; a failure leaves nothing behind.

    Infected, if a virus is found in it; Conflict, if there is no room, or nobody can look.
    """
    place = path_of(key)
    part = place.with_suffix(".part")
    try:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        stored = _write(part, chunks, most=most, too_large=too_large)
        if scanning.is_on():
            scanning.require_clean(_pieces(part))
        if (bucket := _bucket()) is not None:
            bucket.put(_named(_name(key)), part)
            _unlink(part)
        else:
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
    discard(_name(key))


def discard(name: str) -> None:
    """The same, by the name under which it was found."""
    if (bucket := _bucket()) is not None:
        with suppress(OSError):  # the sweep comes again
            bucket.remove(_named(name))
    _unlink(folder() / name)


def is_there(key: UUID) -> bool:
    """Whether the file of this key can be read; no, where that cannot be said."""
    bucket = _bucket()
    if bucket is None:
        return path_of(key).is_file()
    try:
        return bool(bucket.is_there(_named(_name(key))))
    except OSError:
        return False


def _unlink(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:  # the folder itself is gone or unreadable: the sweep comes again
        return


def read(key: UUID) -> Iterator[bytes]:
    """The file, piece by piece. Raises OSError if it is not there."""
    bucket = _bucket()
    yield from _pieces(path_of(key)) if bucket is None else bucket.pieces(_named(_name(key)))


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
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


def old_files(*, before: datetime) -> Iterator[list[str]]:
    """Names of files that were written before this time, some at a time, half-written ones too."""
    if (bucket := _bucket()) is not None:
        for number in range(256):
            names = bucket.old(_named(f"{number:02x}/"), before=before)
            if found := [f"{number:02x}/{name}" for name in names]:
                yield found
    for shelf in sorted(folder().glob("[0-9a-f][0-9a-f]")):
        old = [one for one in shelf.iterdir() if one.stat().st_mtime < before.timestamp()]
        if old:
            yield [f"{shelf.name}/{one.name}" for one in old]


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


def zipped(texts: Mapping[str, str | bytes], files: Iterable[tuple[str, UUID]]) -> Iterator[bytes]:
    """A zip with the texts first and then the files, made while it is read."""
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in texts.items():
            archive.writestr(name, text)
        for name, key in files:
            with archive.open(name, "w", force_zip64=True) as entry:
                for chunk in read(key):
                    entry.write(chunk)
                    yield pipe.take()
    yield pipe.take()
