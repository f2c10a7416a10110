"""The chain of custody: its links, and what is handed out. It decides nothing; `evidence` does."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from cases import vault
from cases.models import CustodyEvent, Evidence, Incident
from incidentdesk.kernel.access import Actor

FAULT = "DOES NOT AGREE"  # how the detail of a verification begins that found another file


@dataclass(frozen=True)
class Opened:
    """A piece that may be streamed, its reading already in the chain."""

    name: str
    size: int
    sha256: str
    key: UUID

    def chunks(self) -> Iterator[bytes]:
        """The file; without the database."""
        return vault.read(self.key)


@dataclass(frozen=True)
class Export:
    """All evidence of an incident as a zip with a manifest whose hash is on the timeline."""

    name: str
    manifest: bytes
    sha256: str  # of the manifest
    files: tuple[tuple[str, UUID], ...]

    def chunks(self) -> Iterator[bytes]:
        """The zip, made while it is read; without the database."""
        return vault.zipped({"manifest.json": self.manifest}, self.files)


def note(
    piece: Evidence, action: CustodyEvent.Action, detail: str = "", *, by: Actor, at: datetime
) -> None:
    """Add a link to the chain."""
    CustodyEvent.objects.create(
        evidence=piece, at=at, action=action, actor=by.name, user_id=by.user_id, detail=detail[:300]
    )


def named(piece: Evidence) -> str:
    """How the timeline calls a piece."""
    return str(piece) if piece.is_red else f"“{piece.title}” ({piece.file_name})"


def exported(
    incident: Incident, pieces: Sequence[Evidence], *, left_out: int, by: Actor, at: datetime
) -> Export:
    """The manifest of these pieces, custody so far included, and what the zip will hold."""
    files = [(f"{number:03d}-{p.file_name}", p) for number, p in enumerate(pieces, start=1)]
    manifest = {
        "incident": incident.reference,
        "exported_at": _utc(at),
        "exported_by": by.name,
        "not_open_to_exporter": left_out,
        "evidence": [_facts(name, piece) for name, piece in files],
    }
    body = json.dumps(manifest, ensure_ascii=False, indent=2).encode()
    return Export(
        f"{incident.reference}-evidence.zip",
        body,
        hashlib.sha256(body).hexdigest(),
        tuple((name, piece.key) for name, piece in files),
    )


def _facts(name: str, piece: Evidence) -> dict[str, Any]:
    return {
        "file": name,
        "title": piece.title,
        "size": piece.size,
        "sha256": piece.sha256,
        "tlp": piece.tlp,
        "collector": piece.collector,
        "collected_at": _utc(piece.collected_at),
        "added_at": _utc(piece.added_at),
        "custody": [
            {"at": _utc(link.at), "action": link.action, "by": link.actor, "detail": link.detail}
            for link in piece.custody.all()
        ],
    }


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
