"""The file of a backup: a tar of `desk.json`, `database.dump`, `files/…` and their SHA-256 sums.

What stands in it is written by `making` and read by `restoring`; here is how it lies on disk.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any

from incidentdesk.backup.errors import BackupError
from incidentdesk.backup.progress import Progress

FORMAT = 1
ABOUT, DATABASE, FILES, SUMS = "desk.json", "database.dump", "files/", "SHA256SUMS"
CHUNK = 1024 * 1024


class Writer:
    """Adds parts to a file that has its name only once it is whole, and is its owner's alone."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar, self._sums = tar, list[str]()

    def text(self, name: str, content: str) -> None:
        """A part of some lines."""
        data = content.encode()
        self._add(name, len(data), io.BytesIO(data))

    def file(self, name: str, path: Path) -> None:
        """A part that lies on disk; as long as it is now, however it grows meanwhile."""
        with path.open("rb") as source:
            self._add(name, os.fstat(source.fileno()).st_size, source)

    def sums(self) -> None:
        """The last part: what each of the others must be."""
        self.text(SUMS, "".join(self._sums))

    def _add(self, name: str, size: int, source: IO[bytes]) -> None:
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode = size, 0o600
        read = _Hashing(source)
        self._tar.addfile(entry, read)
        self._sums.append(f"{read.sha256}  {name}\n")


class _Hashing:
    """A file that is hashed while it is read."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source, self._hash = source, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        data = self._source.read(size)
        self._hash.update(data)
        return data

    @property
    def sha256(self) -> str:
        """Of all that was read."""
        return self._hash.hexdigest()


@contextlib.contextmanager
def written(path: Path) -> Iterator[Writer]:
    """The file of a new backup. It appears under its name when the block ends well."""
    if path.exists():
        raise BackupError(f"{path} exists already; name a new file, nothing was written.")
    part = path.with_name(path.name + ".part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
                writer = Writer(tar)
                yield writer
                writer.sums()
            file.flush()
            os.fsync(file.fileno())
        os.link(part, path)  # fails where somebody else made it meanwhile
    except OSError as error:
        raise BackupError(f"{path} cannot be written ({error.strerror}).") from error
    finally:
        part.unlink(missing_ok=True)


def about(path: Path) -> dict[str, Any]:
    """What the backup says about itself, once every part of it was found to be whole."""
    sums: dict[str, str] = {}
    found: dict[str, str] = {}
    words = "{}"
    with _opened(path) as tar:
        for entry in tar:
            content = _content(tar, entry, path)
            if entry.name == SUMS:
                lines = content.read().decode().splitlines()
                sums = {name: value for value, _, name in (line.partition("  ") for line in lines)}
                continue
            read = _Hashing(content)
            if entry.name == ABOUT:
                words = read.read().decode()
            while read.read(CHUNK):
                pass
            found[entry.name] = read.sha256
    if not sums or sums != found:
        raise BackupError(f"{path} is damaged or not whole: take another backup's file.")
    told: dict[str, Any] = json.loads(words)
    if told.get("format") != FORMAT:
        raise BackupError(f"{path} was made by a newer version of the desk: install that one.")
    return told


def database(path: Path, to: Path) -> None:
    """Take the database's dump out of a backup."""
    with _opened(path) as tar, to.open("wb") as file:
        os.fchmod(file.fileno(), 0o600)
        _copy(_content(tar, tar.getmember(DATABASE), path), file)


def files(path: Path, folder: Path, progress: Progress) -> int:
    """Put the files of a backup under `folder`; answers how many. None lands outside of it."""
    number = 0
    with _opened(path) as tar:
        for entry in tar:
            if not entry.name.startswith(FILES):
                continue
            inside = PurePosixPath(entry.name.removeprefix(FILES))
            if inside.is_absolute() or ".." in inside.parts:
                raise BackupError(f"{path} names a file outside its folder: it was tampered with.")
            place = folder / inside
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with place.open("xb") as file:
                os.fchmod(file.fileno(), 0o600)
                _copy(_content(tar, entry, path), file)
            number += 1
            progress.reached(number, "files")
    return number


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(path, mode="r:") as tar:
            yield tar
    except (tarfile.TarError, EOFError, UnicodeDecodeError, ValueError) as error:
        raise BackupError(f"{path} is no backup of a desk, or is damaged.") from error
    except OSError as error:
        raise BackupError(f"{error.filename or path}: {error.strerror or error}.") from error


def _content(tar: tarfile.TarFile, entry: tarfile.TarInfo, path: Path) -> IO[bytes]:
    content = tar.extractfile(entry) if entry.isreg() else None
    if content is None:
        raise BackupError(f"{path} is no backup of a desk: it holds more than files.")
    return content


def _copy(source: IO[bytes], to: IO[bytes]) -> None:
    while data := source.read(CHUNK):
        to.write(data)
