"""Evidence: files that prove something, and the chain of custody of each.

Reading a piece is written down like changing one: it is what the chain is for. A file is streamed
after the transaction that wrote its reading down has ended.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Prefetch

from cases import custody, moving, queries, reading, timeline, vault
from cases.models import CustodyEvent, Entry, Evidence, Incident, Letter, SharedFile
from incidentdesk.kernel import access, audit, uploads
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import Conflict, InvalidInput, NotFound

Kind = Entry.Kind
Action = CustodyEvent.Action
READINGS = (Action.VIEWED, Action.DOWNLOADED)
LEFT_OVER = timedelta(days=1)  # a file without a row is given up after this


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


@transaction.atomic
def add(
    *,
    incident_id: int,
    upload: Upload,
    title: str,
    collector: str,
    collected_at: datetime,
    tlp: str = "AMBER",
    task_id: int | None = None,
    affected_id: int | None = None,
    by: Actor,
    at: datetime,
) -> Evidence:
    """Take in a file: kept whole with its hash, or not at all. The file is written before the
    incident is locked, so that a slow disk keeps nobody waiting."""
    access.require(by, Permission.INCIDENT_RESPOND)
    name = vault.shown_name(upload.name or "")
    piece = Evidence(
        key=uuid4(),
        title=" ".join(title.split())[:200] or name,
        file_name=name,
        tlp=tlp,
        collector=" ".join(collector.split())[:120],
        collected_at=collected_at,
        added_at=at,
        added_by_id=by.person_id,
    )
    _require_sound(piece, upload.size, at=at)
    with vault.infection_told(by, at=at):
        stored = vault.store(
            piece.key, upload.chunks(), most=uploads.limit(), too_large=uploads.too_large()
        )
    try:
        piece.size, piece.sha256 = stored.size, stored.sha256
        return _add(piece, incident_id, task_id, affected_id, by=by, at=at)
    except BaseException:
        vault.remove(piece.key)
        raise


@transaction.atomic
def open_file(*, evidence_id: int, purpose: str, by: Actor, at: datetime) -> custody.Opened:
    """Somebody looks at a piece (`viewed`) or takes its file away (`downloaded`): written down."""
    access.require(by, Permission.INCIDENT_READ)
    piece = _visible(evidence_id, by)
    if purpose not in READINGS:
        raise InvalidInput("A piece of evidence is viewed or downloaded.")
    if purpose == Action.DOWNLOADED:
        _require_file(piece)
        if by.is_auditor:
            about, name = f"evidence:{piece.pk}", custody.named(piece)
            audit.record(by=by, at=at, action="downloaded evidence", about=about, name=name)
    custody.note(piece, Action(purpose), by=by, at=at)
    return custody.Opened(piece.file_name, piece.size, piece.sha256, piece.key)


@transaction.atomic
def verify(*, evidence_id: int, by: Actor, at: datetime) -> bool:
    """Hash the file again. What does not agree goes to the timeline and the audit trail.

    The file is read before the incident is locked, so that a slow disk keeps nobody waiting.
    """
    access.require(by, Permission.INCIDENT_RESPOND)
    piece = _visible(evidence_id, by)
    found = vault.sha256(piece.key)
    incident = queries.locked(piece.incident_id, by=by)
    if found == piece.sha256:
        custody.note(piece, Action.VERIFIED, "the hash agrees", by=by, at=at)
        return True
    fault = f"the hash is now {found}" if found else "the file is missing or cannot be read"
    custody.note(piece, Action.VERIFIED, f"{custody.FAULT}: {fault}", by=by, at=at)
    text = f"Evidence is not what it was: {custody.named(piece)}, added as {piece.sha256}; {fault}."
    timeline.record(incident, Kind.ALERT, text, by=by, at=at)
    about = f"evidence:{piece.pk}"
    audit.record(by=by, at=at, action="found evidence changed", about=about, fault=fault)
    return False


@transaction.atomic
def attach(
    *,
    evidence_id: int,
    task_id: int | None = None,
    affected_id: int | None = None,
    by: Actor,
    at: datetime,
) -> Evidence:
    """Say which task or which affected system of its incident a piece belongs to."""
    access.require(by, Permission.INCIDENT_RESPOND)
    piece = _visible(evidence_id, by)
    incident = queries.locked(piece.incident_id, by=by)
    moving.require_open(incident)
    if task_id is None and affected_id is None:
        raise InvalidInput("Choose the task or the system that this evidence belongs to.")
    where = _place(piece, incident, task_id, affected_id)
    piece.save(update_fields=["task", "affected_system"])
    custody.note(piece, Action.MOVED, f"attached to {where}"[:300], by=by, at=at)
    text = f"Evidence attached to {where}: {custody.named(piece)}."
    timeline.record(incident, Kind.UPDATE, text, by=by, at=at)
    return piece


@transaction.atomic
def export(*, incident_id: int, by: Actor, at: datetime) -> custody.Export:
    """All evidence of an incident that `by` may see, as one zip with a manifest of hashes."""
    access.require(by, Permission.INCIDENT_READ)
    incident = queries.visible_to(by).filter(pk=incident_id).first()
    if incident is None:
        raise NotFound("There is no such incident; it may be on another desk.")
    chain = Prefetch("custody", queryset=CustodyEvent.objects.order_by("id"))
    seen = queries.evidence_visible_to(by).filter(incident=incident).order_by("id")
    pieces = list(seen.prefetch_related(chain))
    if not pieces:
        raise Conflict(f"{incident.reference} has no evidence that could be exported.")
    for piece in pieces:
        _require_file(piece)
    reading.custody_without_hidden_names((link for p in pieces for link in p.custody.all()), by)
    left_out = incident.evidence.count() - len(pieces)
    made = custody.exported(incident, pieces, left_out=left_out, by=by, at=at)
    for piece in pieces:
        custody.note(piece, Action.EXPORTED, f"manifest {made.sha256}", by=by, at=at)
    counted = timeline.counted(len(pieces), "piece")
    text = f"Evidence exported: {counted}. SHA-256 of the manifest: {made.sha256}."
    timeline.record(incident, Kind.UPDATE, text, by=by, at=at)
    return made


def sweep(*, at: datetime) -> int:
    """Give up files that no row speaks of: an upload whose transaction did not last."""
    count = 0
    for files in vault.old_files(before=at - LEFT_OVER):
        known = {key.hex for key in _keys(name.rpartition("/")[2] for name in files)}
        for name in files:
            if name.rpartition("/")[2] not in known:
                vault.discard(name)
                count += 1
    return count


# --- steps that several of them share -------------------------------------------------------------


def _require_sound(piece: Evidence, size: int | None, *, at: datetime) -> None:
    """Refuse, before anything is read, what can never become evidence."""
    if not piece.collector:
        raise InvalidInput("Say who collected it; evidence without a collector proves little.")
    if piece.collected_at > at:
        raise InvalidInput("The time of collection lies in the future; check it.")
    if piece.tlp not in Incident.Tlp.values:
        raise InvalidInput("Choose one of the TLP labels.")
    if size == 0:
        raise InvalidInput("The file is empty; choose the one that holds the evidence.")
    if size is not None and size > uploads.limit():
        raise InvalidInput(uploads.too_large())


def _add(
    piece: Evidence,
    incident_id: int,
    task_id: int | None,
    affected_id: int | None,
    *,
    by: Actor,
    at: datetime,
) -> Evidence:
    if not piece.size:
        raise InvalidInput("The file is empty; choose the one that holds the evidence.")
    incident = queries.locked(incident_id, by=by)
    moving.require_open(incident)
    piece.incident = incident
    where = _place(piece, incident, task_id, affected_id)
    piece.save(force_insert=True)
    custody.note(piece, Action.ADDED, f"SHA-256 {piece.sha256}", by=by, at=at)
    text = (
        f"Evidence added{f' for {where}' if where else ''}: {custody.named(piece)}, "
        f"{piece.size} bytes. SHA-256 {piece.sha256}. Collected by {piece.collector} at "
        f"{piece.collected_at:%d %b %Y %H:%M} UTC."
    )
    timeline.record(incident, Kind.UPDATE, text, by=by, at=at)
    return piece


def _place(
    piece: Evidence, incident: Incident, task_id: int | None, affected_id: int | None
) -> str:
    """Attach a piece to a task, a system, or both; answers their words."""
    found = []
    if task_id is not None:
        piece.task = incident.tasks.filter(pk=task_id).first()
        found.append(f"task “{piece.task}”" if piece.task else "")
    if affected_id is not None:
        systems = incident.systems.select_related("system")
        piece.affected_system = systems.filter(pk=affected_id).first()
        found.append(str(piece.affected_system.system) if piece.affected_system else "")
    if "" in found:
        raise InvalidInput("Choose a task or a system of this incident.")
    return " and ".join(found)


def _visible(evidence_id: int, by: Actor) -> Evidence:
    piece = queries.evidence_visible_to(by).filter(pk=evidence_id).first()
    if piece is None:
        raise NotFound("There is no such evidence, or it is not open to you.")
    return piece


def _require_file(piece: Evidence) -> None:
    if not vault.is_there(piece.key):
        raise Conflict(vault.GONE.format(piece.title))


def _keys(names: Iterable[str]) -> Iterable[UUID]:
    """Those of these file names that are keys of rows: evidence, shared with a partner, letters."""
    hexes = [name for name in names if len(name) == 32]
    rows = [model.objects.filter(key__in=hexes) for model in (Evidence, SharedFile, Letter)]
    return (key for found in rows for key in found.values_list("key", flat=True))
