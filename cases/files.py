"""Files that partners and the desk share: taken in whole with their hash, handed out on record.

What they are part of decides who may have them; the use case that takes them in says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID, uuid4

from django.db import transaction

from cases import correspondence, vault
from cases.models import SharedFile
from incidentdesk.kernel import access, audit, uploads
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotFound

MOST = 10  # at once


class Upload(Protocol):
    """A file as a form brings it."""

    @property
    def name(self) -> str | None:
        """As its sender calls it."""

    @property
    def size(self) -> int | None:
        """Bytes, if they are known beforehand."""

    def chunks(self) -> Iterable[bytes]:
        """Its bytes, piece by piece."""


@dataclass(frozen=True)
class Opened:
    """A file that may be streamed; without the database."""

    name: str
    size: int
    key: UUID

    def chunks(self) -> Iterator[bytes]:
        """Its bytes."""
        return vault.read(self.key)


@transaction.atomic
def open_file(*, file_id: int, by: Actor, at: datetime) -> Opened:
    """A member of staff takes a shared file away; an auditor's reading is recorded."""
    access.require(by, Permission.INCIDENT_READ)
    file = correspondence.files_visible_to(by).filter(pk=file_id).first()
    if file is None:
        raise NotFound("There is no such file, or it is not open to you.")
    if by.is_auditor:
        about = f"file:{file.pk}"
        audit.record(by=by, at=at, action="read", about=about, name=file.name)
    return opened(file)


def opened(file: SharedFile) -> Opened:
    """A file that its reader was found to be let into."""
    if not vault.is_there(file.key):
        raise Conflict(vault.GONE.format(file.name))
    return Opened(file.name, file.size, file.key)


@contextmanager
def kept(files: Sequence[Upload], *, by: Actor, at: datetime) -> Iterator[list[SharedFile]]:
    """Write the files before anything is locked, so that a slow disk keeps nobody waiting.

    If what follows fails, they are gone again.
    """
    if len(files) > MOST:
        raise InvalidInput(f"Add at most {MOST} files at once; the others can follow.")
    stored: list[SharedFile] = []
    try:
        for file in files:
            with vault.infection_told(by, at=at):
                stored.append(_stored(file))
        yield stored
    except BaseException:
        for one in stored:
            vault.remove(one.key)
        raise


def add(files: Sequence[SharedFile], *, partner_id: int, at: datetime, **part_of: object) -> str:
    """Make the kept files part of something of this partner's; answers words for the timeline."""
    for file in files:
        file.partner_id, file.added_at = partner_id, at
        for name, row in part_of.items():
            setattr(file, name, row)
        file.save(force_insert=True)
    return "".join(f" File: {file.name}, SHA-256 {file.sha256}." for file in files)


def _stored(file: Upload) -> SharedFile:
    name = vault.shown_name(file.name or "")
    if file.size is not None and file.size > uploads.limit():
        raise InvalidInput(uploads.too_large())
    made = SharedFile(key=uuid4(), name=name)
    found = vault.store(
        made.key, file.chunks(), most=uploads.limit(), too_large=uploads.too_large()
    )
    if not found.size:
        vault.remove(made.key)
        raise InvalidInput(f"The file “{name}” is empty; choose the one that holds something.")
    made.size, made.sha256 = found.size, found.sha256
    return made
