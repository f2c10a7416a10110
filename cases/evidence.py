"""Evidence: a file is kept under MEDIA_ROOT by its key, with its hash and who collected it."""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction

from cases import moving, queries, timeline
from cases.models import CustodyEvent, Entry, Evidence, Incident
from incidentdesk.kernel import access
from incidentdesk.kernel.access import Actor, Permission
from incidentdesk.kernel.errors import InvalidInput


@transaction.atomic
def add(
    *,
    incident_id: int,
    upload: File[bytes],
    title: str,
    collector: str,
    collected_at: datetime,
    tlp: str,
    task_id: int | None = None,
    affected_id: int | None = None,
    by: Actor,
    at: datetime,
) -> Evidence:
    """Keep a file as evidence, of a task or of an affected system where it belongs to one."""
    incident = queries.locked(incident_id)
    access.require(by, Permission.INCIDENT_RESPOND)
    moving.require_open(incident)
    if not title.strip() or not collector.strip():
        raise InvalidInput("Evidence needs a title and the name of who collected it.")
    task = incident.tasks.get(pk=task_id) if task_id else None
    affected = incident.systems.get(pk=affected_id) if affected_id else None
    evidence = Evidence.objects.create(
        incident=incident,
        title=title.strip()[:200],
        file_name=str(upload.name)[:200],
        size=upload.size,
        sha256=_digest(upload),
        tlp=tlp,
        collector=collector.strip()[:120],
        collected_at=collected_at,
        added_at=at,
        added_by_id=by.person_id,
        task=task,
        affected_system=affected,
    )
    default_storage.save(f"evidence/{evidence.key}", upload)
    _note(incident, evidence, by=by, at=at)
    return evidence


def _note(incident: Incident, evidence: Evidence, *, by: Actor, at: datetime) -> None:
    """The first link of its chain of custody, and a line on the timeline."""
    CustodyEvent.objects.create(
        evidence=evidence, at=at, action="added", actor=by.name, user_id=by.user_id
    )
    text = f"Evidence added: {evidence.title}, SHA-256 {evidence.sha256}."
    timeline.record(incident, Entry.Kind.UPDATE, text, by=by, at=at)


def _digest(upload: File[bytes]) -> str:
    found = hashlib.sha256()
    for chunk in upload.chunks():
        found.update(chunk)
    return found.hexdigest()
