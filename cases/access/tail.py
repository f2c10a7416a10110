"""Following a file that grows: across rotation, truncation, and restarts. Knows files only.

Where one stands is a small file of its own, written after what was read has been handed over:
after a crash the same lines are read again, and none is left out. A file is known by its inode and
its first line, since an inode is given to another file once its own is gone.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from stat import S_ISREG
from typing import IO

CHUNK = 128 * 1024
LONGEST_LINE = 64 * 1024  # what is longer is no line of a log, and is passed over
_IDLE_BEFORE_LEAVING = 2  # reads without a line: who writes may be slow to take up the new file
_PACKED = (".gz", ".xz", ".bz2", ".zst")


@dataclass(frozen=True)
class Place:
    """Where one stands: which file, and how many bytes of it are done."""

    inode: int
    first: str
    offset: int


@dataclass(frozen=True)
class Line:
    """A line, and a name for it that no other line of this file has."""

    text: str
    id: str


class Tail:
    """Reads what is new, a chunk at a time; `done` says that the last chunk was handed over."""

    def __init__(self, path: Path, state: Path) -> None:
        self.path, self.state = path, state
        self.file: IO[bytes] | None = None
        self.offset = self.idle = 0
        self.is_lost = False  # it stood in a file that is not there any more
        known = self._known()
        if known is not None:
            self._take_up(known)

    def read(self) -> list[Line]:
        """The lines that follow, as far as they are whole; none if there is nothing new."""
        if self.file is None:
            self._open(self.path, 0)
        if self.file is None:
            return []
        if self._was_cut():
            self._open(self.path, 0)
        lines = self._chunk()
        self.idle = 0 if lines else self.idle + 1
        if not lines and self.idle >= _IDLE_BEFORE_LEAVING and (after := self._next()):
            self._open(after, 0)
            lines = self._chunk()
        return lines

    def done(self) -> None:
        """What was read so far needs not be read again."""
        if self.file is None:
            return
        inode = os.fstat(self.file.fileno()).st_ino
        place = json.dumps(asdict(Place(inode, _first(self.file), self.offset)))
        self.state.parent.mkdir(parents=True, exist_ok=True)
        beside = self.state.with_suffix(".new")
        beside.write_text(place, encoding="utf-8")
        beside.replace(self.state)

    def close(self) -> None:
        """Let go of the file."""
        if self.file is not None:
            self.file.close()
            self.file = None

    def _known(self) -> Place | None:
        try:
            return Place(**json.loads(self.state.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None

    def _take_up(self, known: Place) -> None:
        """Go on in the file in which it stood, whatever that is called by now."""
        for path, found in self._siblings():
            if found.st_ino == known.inode and found.st_size >= known.offset:
                self._open(path, known.offset)
                if self.file is not None and _first(self.file) == known.first:
                    return
                self.close()
        self.is_lost = True
        self.offset = 0

    def _siblings(self) -> list[tuple[Path, os.stat_result]]:
        """The file and what it was rotated to, oldest first. One that goes meanwhile is none."""
        found = []
        for path in self.path.parent.glob(f"{self.path.name}*"):
            with suppress(FileNotFoundError):
                known = path.stat()
                if S_ISREG(known.st_mode) and path.suffix not in _PACKED:
                    found.append((path, known))
        return sorted(found, key=lambda one: (one[0] == self.path, one[1].st_mtime))

    def _open(self, path: Path, offset: int) -> None:
        self.close()
        try:
            self.file = path.open("rb")
        except FileNotFoundError:  # between two rotations
            return
        self.offset, self.idle = offset, 0

    def _was_cut(self) -> bool:
        """Whether the file was emptied in place since, and perhaps grew again."""
        file = self.file
        return file is not None and os.fstat(file.fileno()).st_size < self.offset

    def _chunk(self) -> list[Line]:
        if self.file is None:
            return []
        self.file.seek(self.offset)
        chunk = self.file.read(CHUNK)
        end = chunk.rfind(b"\n") + 1
        if not end:
            if len(chunk) == CHUNK:  # no line is that long
                self.offset += CHUNK
            return []
        name, found, at = self._name(), [], self.offset
        for raw in chunk[:end].splitlines(keepends=True):
            if len(raw) <= LONGEST_LINE:
                text = raw.decode("utf-8", "replace").rstrip("\r\n")
                found.append(Line(text, f"{name}:{at}"))
            at += len(raw)
        self.offset += end
        return found

    def _name(self) -> str:
        file = self.file
        words = f"{os.uname().nodename}\0{self.path}\0{_first(file) if file else ''}"
        return hashlib.sha256(words.encode()).hexdigest()[:24]

    def _next(self) -> Path | None:
        """The file that follows the one that is read to its end; None if that is still written."""
        if self.file is None:
            return None
        inode = os.fstat(self.file.fileno()).st_ino
        siblings = self._siblings()
        inodes = [known.st_ino for _, known in siblings]
        if inode not in inodes:  # gone, or packed
            return self.path if self.path.exists() else None
        later = siblings[inodes.index(inode) + 1 :]
        return later[0][0] if later else None


def _first(file: IO[bytes]) -> str:
    """A digest of the file's first line."""
    file.seek(0)
    return hashlib.sha256(file.readline(1024)).hexdigest()[:16]
